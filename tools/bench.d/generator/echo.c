/* Sends back what it is sent, over a Unix socket with epoll: what a server that does no work would take. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 128, ROOM = 1 << 17 };

static char room[ROOM];

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return -1;
    return listener;
}

/* Blocks where the peer does not read; the peer here always does. */
static int echo(int socket)
{
    ssize_t count = recv(socket, room, sizeof room, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN;
    for (ssize_t sent = 0; sent < count;) {
        ssize_t more = send(socket, room + sent, (size_t)(count - sent), MSG_NOSIGNAL);
        if (more < 0) return 0;
        sent += more;
    }
    return count > 0;
}

int main(int count, char **arguments)
{
    if (count != 2) return 64;
    int listener = listen_at(arguments[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (listener < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
        perror("echo");
        return 1;
    }
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int at = 0; at < ready; at++) {
            int socket = events[at].data.fd;
            if (socket == listener) {
                event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (event.data.fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (!echo(socket)) {
                close(socket);
            }
        }
    }
}
