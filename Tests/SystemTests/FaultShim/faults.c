// Loaded before the C library into a daemon under test: moves its clocks, fails or holds up what it does with its
// database, and counts its allocations. Steered through a file of 64-bit words that the test maps too.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The order is that of `FaultControl.Word`.
enum { WALL_MS, BOOT_MS, WRITE_ERRNO, SYNC_ERRNO, HANGS, READ_ERRNO, ALLOCATIONS, FAILED_CALLS, WORDS };

static int64_t still[WORDS];
static volatile int64_t *words = still;

// Not the library's own functions: they may allocate, or be the ones replaced here.
__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("MEMOD_FAULTS");
    if (!path) return;
    int descriptor = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0) _exit(99);
    void *address = mmap(NULL, sizeof still, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED) _exit(99);
    words = address;
    syscall(SYS_close, descriptor);
}

static int64_t word(int index) { return __atomic_load_n(&words[index], __ATOMIC_RELAXED); }

static int is_database(int descriptor) {
    char link[64], path[512], *end = link + sizeof link - 1;
    *end = 0;
    unsigned number = (unsigned)descriptor;
    do *--end = '0' + number % 10; while (number /= 10);
    end -= 14;
    memcpy(end, "/proc/self/fd/", 14);
    ssize_t count = syscall(SYS_readlinkat, AT_FDCWD, end, path, sizeof path - 1);
    if (count <= 0) return 0;
    path[count] = 0;
    const char *name = strrchr(path, '/');
    return name && strstr(name, ".db") && !strstr(name, ".lock");
}

// Whether a call on this descriptor is to fail; waits first while calls hang.
static int fails(int descriptor, int kind) {
    if (!word(kind) && !word(HANGS)) return 0;
    if (!is_database(descriptor)) return 0;
    struct timespec moment = {0, 2000000};
    while (word(HANGS)) syscall(SYS_nanosleep, &moment, NULL);
    if (!word(kind)) return 0;
    __atomic_add_fetch(&words[FAILED_CALLS], 1, __ATOMIC_RELAXED);
    errno = (int)word(kind);
    return 1;
}

ssize_t pwrite64(int d, const void *bytes, size_t count, off64_t at) {
    return fails(d, WRITE_ERRNO) ? -1 : syscall(SYS_pwrite64, d, bytes, count, at);
}
ssize_t pwrite(int d, const void *bytes, size_t count, off_t at) { return pwrite64(d, bytes, count, at); }
ssize_t write(int d, const void *bytes, size_t count) {
    return fails(d, WRITE_ERRNO) ? -1 : syscall(SYS_write, d, bytes, count);
}
ssize_t pread64(int d, void *bytes, size_t count, off64_t at) {
    return fails(d, READ_ERRNO) ? -1 : syscall(SYS_pread64, d, bytes, count, at);
}
ssize_t pread(int d, void *bytes, size_t count, off_t at) { return pread64(d, bytes, count, at); }
ssize_t read(int d, void *bytes, size_t count) {
    return fails(d, READ_ERRNO) ? -1 : syscall(SYS_read, d, bytes, count);
}
// A disk that fails or hangs is not asked for what memory has: nothing is in memory then.
ssize_t preadv2(int d, const struct iovec *parts, int count, off_t at, int flags) {
    if (word(READ_ERRNO) || word(HANGS)) return errno = EAGAIN, -1;
    return syscall(SYS_preadv2, d, parts, count, at, 0L, flags);
}
int ftruncate64(int d, off64_t size) { return fails(d, WRITE_ERRNO) ? -1 : syscall(SYS_ftruncate, d, size); }
int ftruncate(int d, off_t size) { return ftruncate64(d, size); }
int posix_fallocate64(int d, off64_t at, off64_t count) {
    if (fails(d, WRITE_ERRNO)) return errno;
    return syscall(SYS_fallocate, d, 0, at, count) == 0 ? 0 : errno;
}
int posix_fallocate(int d, off_t at, off_t count) { return posix_fallocate64(d, at, count); }
int fsync(int d) { return fails(d, SYNC_ERRNO) ? -1 : syscall(SYS_fsync, d); }
int fdatasync(int d) { return fails(d, SYNC_ERRNO) ? -1 : syscall(SYS_fdatasync, d); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    int64_t ms = clock == CLOCK_REALTIME ? word(WALL_MS) : clock == CLOCK_BOOTTIME ? word(BOOT_MS) : 0;
    time->tv_sec += ms / 1000;
    time->tv_nsec += ms % 1000 * 1000000;
    if (time->tv_nsec < 0) time->tv_sec--, time->tv_nsec += 1000000000;
    if (time->tv_nsec >= 1000000000) time->tv_sec++, time->tv_nsec -= 1000000000;
    return result;
}

// Another run of the machine, as far as the daemon can tell.
static int open_any(const char *path, int flags, mode_t mode) {
    const char *boot = getenv("MEMOD_FAULT_BOOT");
    if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot;
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
#define MODE(flags, mode)                                                                                              \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode = va_arg(list, mode_t);                                                                                   \
        va_end(list);                                                                                                  \
    }
int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_any(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_any(path, flags, mode);
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void count(void) { __atomic_add_fetch(&words[ALLOCATIONS], 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) { return count(), __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return count(), __libc_calloc(number, size); }
void *realloc(void *block, size_t size) { return count(), __libc_realloc(block, size); }
void *memalign(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = (count(), __libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}
