#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

// Declared by glibc for _GNU_SOURCE alone. What <sys/socket.h> declares belongs to the Glibc module: included here
// as well, it would be found in either of the two, and not always in the same.
struct sockaddr;
int accept4(int descriptor, struct sockaddr *address, unsigned int *length, int flags);
// The mask is a cpu_set_t, which is for _GNU_SOURCE too: bits of unsigned longs.
int sched_getaffinity(int process, size_t size, void *mask);

// For _GNU_SOURCE, too.
struct iovec;
int pipe2(int descriptors[2], int flags);
long vmsplice(int pipe, const struct iovec *parts, size_t count, unsigned flags);
long splice(int from, long *from_offset, int to, long *to_offset, size_t size, unsigned flags);
static const unsigned memod_splice_nonblocking = 2;  // SPLICE_F_NONBLOCK

// In glibc's <malloc.h>, which is not in Swift's Glibc module.
int malloc_trim(size_t pad);
int mallopt(int parameter, int value);
static const int memod_trim_threshold = -1;  // M_TRIM_THRESHOLD
static const int memod_mmap_threshold = -3;  // M_MMAP_THRESHOLD

// recv and send without the C library's preparations for the cancellation of a thread, two locked instructions each,
// which is some 3 % of a request. Nobody cancels threads here.
long syscall(long number, ...);
static inline long memod_recv(int descriptor, void *buffer, size_t size, int flags) {
    return syscall(SYS_recvfrom, descriptor, buffer, size, flags, (void *)0, (void *)0);
}
static inline long memod_send(int descriptor, const void *bytes, size_t size, int flags) {
    return syscall(SYS_sendto, descriptor, bytes, size, flags, (void *)0, 0);
}

// Has the cache line of an address brought closer; harmless for any address. Swift has no other way to say it.
static inline void memod_prefetch(const void *address) { __builtin_prefetch(address); }

// Not a limit of the size, which does not hold for cores that are piped to a program.
static inline void memod_leave_no_core(void) { syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 0L, 0L, 0L, 0L); }

// In the place of what a parent closed of the three standard descriptors: a socket opened later would be taken for one
// of them. What is written there fails, as it would have without.
int open(const char *path, int flags, ...);
int close(int descriptor);
static inline void memod_hold_standard_descriptors(void) {
    int lowest;
    do {
        lowest = open("/dev/null", 0 /* O_RDONLY */);
    } while (lowest >= 0 && lowest <= 2);
    if (lowest > 2) close(lowest);
}
