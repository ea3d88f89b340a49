/* The calls of the kernel that Herald makes for requests, and for connections that the server ends, in the same order, and
   nothing else. It has no timeouts, checks, counts, log, half-close or back-pressure, and loses what the other side does not
   take: it is here to be measured, not to be used.

   floor PORT SERVER-PORT: listens on 127.0.0.1:PORT, and relays to 127.0.0.1:SERVER-PORT behind a PROXY header. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 65536, EVENTS = 256, ACCEPTS = 64, FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT };

/* PROXY 127.0.0.1:258 to 127.0.0.1:772, in version 2. */
static unsigned char header[] = {0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11,
                                 0,    12,   127,  0,    0, 1,    127,  0,    0,    1,    1,    2,    3,    4};
static char bytes[128 * 1024];
/* What is at the other end of an open descriptor. */
enum kind { CLIENT, CONNECTING, SERVER };
static struct {
    int other;
    enum kind kind;
} sides[DESCRIPTORS];
static int set;

static struct sockaddr_in loopback(const char *port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void watch(int descriptor, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event);
}

static void set_option(int descriptor, int option, int value) {
    setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
}

/* Returns whether there may be more. */
static int take_in(int listener, const struct sockaddr_in *server) {
    struct sockaddr_in peer, dialled;
    socklen_t length = sizeof peer;
    int client = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return 0;
    getsockname(client, (struct sockaddr *)&dialled, &length);
    int behind = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The header carries the end of the handshake. */
    set_option(behind, TCP_QUICKACK, 0);
    connect(behind, (const struct sockaddr *)server, sizeof *server);
    sides[client].other = behind;
    sides[behind].other = client;
    sides[client].kind = CLIENT;
    sides[behind].kind = CONNECTING;
    watch(behind, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    return 1;
}

/* The server is there: the header goes, with what the client has said by now. */
static void announce(int behind) {
    int client = sides[behind].other;
    ssize_t count = recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
    struct iovec pieces[] = {{header, sizeof header}, {bytes, count > 0 ? count : 0}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    sendmsg(behind, &message, FLAGS);
    set_option(behind, TCP_QUICKACK, 1);
    sides[behind].kind = SERVER;
    watch(client, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

static void pass_on(int source, int has_ended) {
    int sink = sides[source].other, is_server = sides[source].kind == SERVER;
    if (sink == 0) return;
    ssize_t count = recv(source, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) send(sink, bytes, count, FLAGS | (is_server && has_ended ? MSG_MORE : 0));
    if (count != 0 && !has_ended) return;
    if (is_server) {
        /* The end leaves with the last bytes; the client's is waited for. */
        shutdown(sink, SHUT_WR);
    } else {
        sides[source].other = sides[sink].other = 0;
        close(source);
        close(sink);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    struct sockaddr_in here = loopback(arguments[1]), server = loopback(arguments[2]);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    set_option(listener, TCP_NODELAY, 1);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4096) != 0) return 1;
    set = epoll_create1(0);
    watch(listener, EPOLLIN);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(set, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener) {
                for (int taken = 0; taken < ACCEPTS && take_in(listener, &server); taken++) {
                }
            } else if (sides[descriptor].kind == CONNECTING) {
                announce(descriptor);
            } else if (sides[descriptor].kind == CLIENT) {
                pass_on(descriptor, (events[index].events & EPOLLRDHUP) != 0);
            }
        }
        /* Servers last: many a one has said its end by then. */
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor != listener && sides[descriptor].kind == SERVER && (events[index].events & EPOLLIN)) {
                pass_on(descriptor, (events[index].events & EPOLLRDHUP) != 0);
            }
        }
    }
}
