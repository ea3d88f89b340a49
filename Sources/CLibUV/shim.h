#include <uv.h>

/* Linux's accept4, which glibc shows only where _GNU_SOURCE is set before its first header. */
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
