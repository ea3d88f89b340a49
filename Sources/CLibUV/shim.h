#include <malloc.h>
#include <sys/epoll.h>
#include <uv.h>

/* Linux's accept4, which glibc shows only where _GNU_SOURCE is set before its first header. */
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

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
