#include <malloc.h>
#include <uv.h>

/* Linux's accept4, which glibc shows only where _GNU_SOURCE is set before its first header. */
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

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
