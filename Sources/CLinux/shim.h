#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

// Declared by glibc for _GNU_SOURCE alone.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
