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

// And so is this. Its time is a timespec, which belongs to the Glibc module.
int pthread_clockjoin_np(unsigned long thread, void **result, int clock, const void *until);
static inline int memod_join(unsigned long thread, int clock, long seconds, long nanoseconds) {
    long until[2] = {seconds, nanoseconds};
    return pthread_clockjoin_np(thread, (void **)0, clock, until);
}

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

// Shared memory, in glibc's <sys/mman.h> and <fcntl.h> for _GNU_SOURCE alone.
int memfd_create(const char *name, unsigned flags);
int fallocate(int descriptor, int mode, long offset, long size);
static const int memod_memfd_cloexec = 1;        // MFD_CLOEXEC
static const int memod_memfd_allow_sealing = 2;  // MFD_ALLOW_SEALING
static const int memod_memfd_noexec_seal = 8;    // MFD_NOEXEC_SEAL
static const int memod_add_seals = 1033;         // F_ADD_SEALS
static const int memod_get_seals = 1034;         // F_GET_SEALS
static const int memod_seal_seal = 1;            // F_SEAL_SEAL
static const int memod_seal_shrink = 2;          // F_SEAL_SHRINK
static const int memod_seal_grow = 4;            // F_SEAL_GROW
static const int memod_seal_future_write = 16;   // F_SEAL_FUTURE_WRITE
static const int memod_keep_size = 1;            // FALLOC_FL_KEEP_SIZE
static const int memod_punch_hole = 2;           // FALLOC_FL_PUNCH_HOLE
static const int memod_wipe_on_fork = 18;        // MADV_WIPEONFORK
static const unsigned memod_owner_died = 0x40000000;  // FUTEX_OWNER_DIED

// <linux/futex.h>: what a thread registers so that the kernel marks a word when it dies.
struct memod_robust_list {
    struct memod_robust_list *next;
};
struct memod_robust_list_head {
    struct memod_robust_list list;
    long futex_offset;
    struct memod_robust_list *pending;
};
static inline long memod_set_robust_list(struct memod_robust_list_head *head) {
    return syscall(SYS_set_robust_list, head, sizeof *head);
}
static inline int memod_gettid(void) { return (int)syscall(SYS_gettid); }
