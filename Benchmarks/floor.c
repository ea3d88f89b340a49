/* The least that a relay of TCP can do: each arrival is received once and sent once, and nothing else is done. It has no
   timeouts, checks, counts, half-close or back-pressure, and loses what the other side does not take: it is here to be
   measured, not to be used.

   floor PORT SERVER-PORT: listens on 127.0.0.1:PORT, and relays to 127.0.0.1:SERVER-PORT behind a PROXY header. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536, EVENTS = 256 };

/* PROXY 127.0.0.1:258 to 127.0.0.1:772, in version 2. */
static const unsigned char header[] = {0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11,
                                       0,    12,   127,  0,    0, 1,    127,  0,    0,    1,    1,    2,    3,    4};
static char bytes[128 * 1024];
/* The other side of each open descriptor. */
static int others[DESCRIPTORS];
static int set;

static struct sockaddr_in loopback(const char *port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void watch(int descriptor, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event);
}

static void take_in(int listener, const struct sockaddr_in *server) {
    int yes = 1, client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (client < 0) return;
    int behind = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(behind, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connect(behind, (const struct sockaddr *)server, sizeof *server);
    send(behind, header, sizeof header, MSG_NOSIGNAL);
    others[client] = behind;
    others[behind] = client;
    watch(client, EPOLLIN | EPOLLRDHUP | EPOLLET);
    watch(behind, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

static void pass_on(int source) {
    int sink = others[source];
    ssize_t count = recv(source, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
        send(sink, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else if (count == 0 && sink > 0) {
        others[source] = others[sink] = 0;
        close(source);
        close(sink);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    struct sockaddr_in here = loopback(arguments[1]), server = loopback(arguments[2]);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4096) != 0) return 1;
    set = epoll_create1(0);
    watch(listener, EPOLLIN);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(set, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener) {
                take_in(listener, &server);
            } else {
                pass_on(descriptor);
            }
        }
    }
}
