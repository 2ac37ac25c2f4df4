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

// Sends bytes, and with the first of them descriptors, which the receiver gets as its own.
enum { memod_descriptors_max = 8 };
struct memod_message {  // As struct msghdr, which is the Glibc module's.
    void *name;
    unsigned name_size;
    struct memod_part { const void *base; size_t size; } *parts;
    size_t part_count;
    void *control;
    size_t control_size;
    int flags;
};
static inline long memod_send_descriptors(
    int socket, const void *bytes, size_t size, const int *descriptors, int count, int flags) {
    struct { size_t size; int level; int type; int descriptors[memod_descriptors_max]; } control;
    if (count < 1 || count > memod_descriptors_max) return -1;
    control.size = 16 + sizeof(int) * (size_t)count;
    control.level = 1;  // SOL_SOCKET
    control.type = 1;   // SCM_RIGHTS
    for (int i = 0; i < count; i++) control.descriptors[i] = descriptors[i];
    struct memod_part part = {bytes, size};
    struct memod_message message = {0, 0, &part, 1, &control, (control.size + 7) & ~(size_t)7, 0};
    return syscall(SYS_sendmsg, socket, &message, flags);
}

// Receives bytes and what descriptors come with them, at most memod_descriptors_max, closed on exec. Writes to `found`
// how many they are; -1 if some were lost, of which none is left.
static inline long memod_receive_descriptors(
    int socket, void *bytes, size_t size, int descriptors[memod_descriptors_max], int *found) {
    struct { size_t size; int level; int type; int descriptors[memod_descriptors_max]; } control = {0};
    struct memod_part part = {bytes, size};
    struct memod_message message = {0, 0, &part, 1, &control, sizeof control, 0};
    *found = 0;
    long count = syscall(SYS_recvmsg, socket, &message, 0x40000000L /* MSG_CMSG_CLOEXEC */);
    if (count < 0 || message.control_size < 16 || control.level != 1 || control.type != 1) return count;
    int received = (int)((control.size - 16) / sizeof(int));
    for (int i = 0; i < received && i < memod_descriptors_max; i++) descriptors[i] = control.descriptors[i];
    *found = received;
    if (message.flags & 8 /* MSG_CTRUNC */) {
        for (int i = 0; i < received; i++) syscall(SYS_close, (long)descriptors[i]);
        *found = -1;
    }
    return count;
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

// Starts a program as nobody's child: in a session of its own, with no descriptor but the three given, default signals,
// umask 077, in /. The process between ends at once, so that the caller gets no child to wait for. Between the two forks
// and the program only system calls are made, as other threads may hold any lock. Writes to `result` the process's
// number, or -errno.
static inline void memod_start_detached(
    const char *path, char *const arguments[], char *const environment[], int null, int log, long *result) {
    enum { close_on_exec = 02000000, child_ended = 17, set_mask = 2, duplicate = 0 };
    extern int *__errno_location(void);
    int report[2];
    *result = 0;
    if (syscall(SYS_pipe2, report, (long)close_on_exec) != 0) {
        *result = -*__errno_location();
        return;
    }
    long between = syscall(SYS_clone, (long)child_ended, 0L, 0L, 0L, 0L);
    if (between == 0) {
        // Zeroes are the default action and the empty mask, as the kernel takes them.
        long zeroes[8] = {0};
        for (long signal = 1; signal <= 64; signal++) syscall(SYS_rt_sigaction, signal, zeroes, (void *)0, 8L);
        syscall(SYS_rt_sigprocmask, (long)set_mask, zeroes, (void *)0, 8L);
        syscall(SYS_umask, 077L);
        syscall(SYS_chdir, "/");
        long child = syscall(SYS_clone, (long)child_ended, 0L, 0L, 0L, 0L);
        if (child == 0) {
            syscall(SYS_setsid);
            // Out of the way of the numbers that they will have.
            long from = syscall(SYS_fcntl, (long)null, (long)duplicate, 10L);
            long to = syscall(SYS_fcntl, (long)log, (long)duplicate, 10L);
            long told = syscall(SYS_fcntl, (long)report[1], (long)duplicate, 10L);
            syscall(SYS_dup3, from, 0L, 0L);
            syscall(SYS_dup3, from, 1L, 0L);
            syscall(SYS_dup3, to, 2L, 0L);
            syscall(SYS_dup3, told, 3L, (long)close_on_exec);
            if (syscall(436L /* close_range */, 4L, ~0L, 0L) != 0) {
                for (long other = 4; other < 65536; other++) syscall(SYS_close, other);
            }
            syscall(SYS_execve, path, arguments, environment);
            long error = -*__errno_location();
            syscall(SYS_write, 3L, &error, sizeof error);
            syscall(SYS_exit_group, 127L);
        }
        if (child < 0) child = -*__errno_location();
        syscall(SYS_write, (long)report[1], &child, sizeof child);
        syscall(SYS_exit_group, 0L);
    }
    if (between < 0) *result = -*__errno_location();
    syscall(SYS_close, (long)report[1]);
    if (between > 0) {
        // The number, then nothing, as the program's start closes the other end; or why there was no start.
        long told;
        long count;
        while ((count = syscall(SYS_read, (long)report[0], &told, sizeof told)) != 0) {
            if (count == sizeof told && (*result == 0 || told < 0)) *result = told;
            else if (count < 0 && *__errno_location() != 4 /* EINTR */) break;
        }
        while (syscall(SYS_wait4, between, (void *)0, 0L, (void *)0) < 0 && *__errno_location() == 4) continue;
    }
    syscall(SYS_close, (long)report[0]);
}

// Whether a file has an access list beside its mode. <sys/xattr.h> is not in Swift's Glibc module.
static inline int memod_has_access_list(const char *path) {
    return syscall(SYS_getxattr, path, "system.posix_acl_access", (void *)0, 0L) >= 0;
}
