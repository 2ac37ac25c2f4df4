#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

// Declared by glibc for _GNU_SOURCE alone.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

// Has the cache line of an address brought closer; harmless for any address. Swift has no other way to say it.
static inline void memod_prefetch(const void *address) { __builtin_prefetch(address); }
