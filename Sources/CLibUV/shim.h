#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

/* The calls of a connection's way. In glibc each is a point where its thread may be cancelled, which takes two atomic
   exchanges a call in a process that has threads; nobody cancels a thread here. Errors are in errno, as there. */
static inline ssize_t direct_recv(int descriptor, void *bytes, size_t count, int flags) {
    return syscall(SYS_recvfrom, descriptor, bytes, count, flags, NULL, NULL);
}
static inline ssize_t direct_send(int descriptor, const void *bytes, size_t count, int flags) {
    return syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
}
static inline ssize_t direct_sendmsg(int descriptor, const struct msghdr *message, int flags) {
    return syscall(SYS_sendmsg, descriptor, message, flags);
}
static inline int direct_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
    return syscall(SYS_accept4, descriptor, address, length, flags);
}
static inline int direct_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    return syscall(SYS_connect, descriptor, address, length);
}
static inline int direct_close(int descriptor) {
    return syscall(SYS_close, descriptor);
}
static inline int direct_epoll_wait(int descriptor, struct epoll_event *events, int count, int timeout) {
#ifdef SYS_epoll_wait
    return syscall(SYS_epoll_wait, descriptor, events, count, timeout);
#else
    return syscall(SYS_epoll_pwait, descriptor, events, count, timeout, NULL, 0);
#endif
}

/* Linux's splice, and how a pipe is made larger: the same. */
extern ssize_t splice(int source, off_t *source_offset, int target, off_t *target_offset, size_t count, unsigned flags);
#ifndef SPLICE_F_MOVE
#define SPLICE_F_MOVE 1
#define SPLICE_F_NONBLOCK 2
#endif
#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#endif

#include <elf.h>
#include <stddef.h>

/* As in glibc's <link.h>, which shows it only where _GNU_SOURCE is set before its first header. */
struct dl_phdr_info {
    Elf64_Addr dlpi_addr;
    const char *dlpi_name;
    const Elf64_Phdr *dlpi_phdr;
    Elf64_Half dlpi_phnum;
};
extern int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data);
