// Loaded before the C library into a daemon under test: moves its clocks, fails, drops or holds up what it does with its
// database, kills it at a chosen call, and counts its allocations. Steered through a file of 64-bit words that the test
// maps too. `recorder.c` writes down what reaches the disk.
#include "shim.h"

int64_t shim_still[WORDS];
volatile int64_t *shim_words = shim_still;

// Not the library's own functions: they may allocate, or be the ones replaced here.
__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("MEMOD_FAULTS");
    if (!path) return;
    int descriptor = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0) _exit(99);
    void *address = mmap(NULL, sizeof shim_still, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED) _exit(99);
    shim_words = address;
    syscall(SYS_close, descriptor);
    recorder_open();
}

static int64_t word(int index) { return __atomic_load_n(&shim_words[index], __ATOMIC_RELAXED); }
static void count_word(int index) { __atomic_add_fetch(&shim_words[index], 1, __ATOMIC_RELAXED); }

static uint32_t chance(void) {
    static __thread uint64_t state;
    if (!state) state = (uint64_t)syscall(SYS_gettid) * 0x9E3779B97F4A7C15u + (uint64_t)word(SEED) + 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

// Which of the database's files a path is; 0: none of them.
static int kind_of(const char *path) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (!strstr(name, ".db") || strstr(name, ".lock") || strstr(name, "-shm")) return 0;
    size_t length = strlen(name);
    if (length >= 3 && strcmp(name + length - 3, ".db") == 0) return DATABASE;
    if (length >= 4 && strcmp(name + length - 4, "-wal") == 0) return LOG;
    return BESIDE;
}

int shim_path(int descriptor, char *path, size_t size) {
    char link[64], *end = link + sizeof link - 1;
    *end = 0;
    unsigned number = (unsigned)descriptor;
    do *--end = '0' + number % 10; while (number /= 10);
    end -= 14;
    memcpy(end, "/proc/self/fd/", 14);
    ssize_t count = syscall(SYS_readlinkat, AT_FDCWD, end, path, size - 1);
    if (count <= 0) return 0;
    path[count] = 0;
    return kind_of(path);
}

static int kind(int descriptor) {
    char path[512];
    return shim_path(descriptor, path, sizeof path);
}

static void wait_while_hung(int64_t from) {
    struct timespec moment = {0, 2000000};
    while (word(HANGS) >= from) syscall(SYS_nanosleep, &moment, NULL);
}

// Whether this one of the calls of its kind fails: the first ones may pass, and only so many fail.
static int is_chosen(void) {
    if (word(PER_MILLION) && chance() % 1000000 >= word(PER_MILLION)) return 0;
    if (word(SKIP) > 0 && __atomic_sub_fetch(&shim_words[SKIP], 1, __ATOMIC_RELAXED) >= 0) return 0;
    if (word(TIMES) < 0) return 0;
    // 0 is for ever; the last of a number leaves -1 behind.
    if (word(TIMES) > 0 && __atomic_sub_fetch(&shim_words[TIMES], 1, __ATOMIC_RELAXED) == 0) shim_words[TIMES] = -1;
    return 1;
}

// Whether a call on this descriptor is to fail; waits first while calls hang.
static int fails(int descriptor, int error) {
    if (!word(error) && !word(HANGS)) return 0;
    int which = kind(descriptor);
    if (!which || (word(MASK) && !(which & word(MASK)))) return 0;
    wait_while_hung(1);
    if (!word(error) || !is_chosen()) return 0;
    count_word(FAILED_CALLS);
    errno = (int)word(error);
    return 1;
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) syscall(SYS_pause);
}

// Counts a call that changes a file; the one chosen is the last: killed before it, in its middle or after it.
static int is_last(void) {
    int64_t number = __atomic_add_fetch(&shim_words[CHANGES], 1, __ATOMIC_RELAXED);
    if (!word(KILL_AT) || number != word(KILL_AT)) return 0;
    if (word(KILL_HOW) == 0) die();
    return 1;
}

ssize_t pwrite64(int d, const void *bytes, size_t count, off64_t at) {
    if (fails(d, WRITE_ERRNO)) return -1;
    if (!shim_watches(d)) return syscall(SYS_pwrite64, d, bytes, count, at);
    int last = is_last();
    ssize_t written = record_write(d, bytes, last && word(KILL_HOW) == 1 ? count / 2 : count, at);
    if (last) die();
    return written;
}
ssize_t pwrite(int d, const void *bytes, size_t count, off_t at) { return pwrite64(d, bytes, count, at); }
ssize_t write(int d, const void *bytes, size_t count) {
    if (fails(d, WRITE_ERRNO)) return -1;
    if (!shim_watches(d)) return syscall(SYS_write, d, bytes, count);
    off64_t at = syscall(SYS_lseek, d, 0, SEEK_CUR);
    ssize_t written = pwrite64(d, bytes, count, at);
    if (written > 0) syscall(SYS_lseek, d, written, SEEK_CUR);
    return written;
}
static ssize_t flipped(int d, void *bytes, ssize_t count) {
    if (count > 0 && word(FLIPS) && (kind(d) & word(MASK)) && chance() % 1000000 < word(FLIPS)) {
        ((uint8_t *)bytes)[chance() % count] ^= 1 << chance() % 8;
        count_word(FAILED_CALLS);
    }
    return count;
}
ssize_t pread64(int d, void *bytes, size_t count, off64_t at) {
    return fails(d, READ_ERRNO) ? -1 : flipped(d, bytes, syscall(SYS_pread64, d, bytes, count, at));
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
int ftruncate64(int d, off64_t size) {
    if (fails(d, WRITE_ERRNO)) return -1;
    if (!shim_watches(d)) return syscall(SYS_ftruncate, d, size);
    int last = is_last(), result = record_truncate(d, size);
    if (last) die();
    return result;
}
int ftruncate(int d, off_t size) { return ftruncate64(d, size); }
int posix_fallocate64(int d, off64_t at, off64_t count) {
    if (fails(d, WRITE_ERRNO)) return errno;
    return syscall(SYS_fallocate, d, 0, at, count) == 0 ? 0 : errno;
}
int posix_fallocate(int d, off_t at, off_t count) { return posix_fallocate64(d, at, count); }
static int synced(int d, long call) {
    if (fails(d, SYNC_ERRNO)) {
        int error = errno;
        // The kernel may forget what it could not write, and say so once.
        if (word(DROPS)) record_drop(d, word(DROPS) == 1 ? 0 : chance() | 1);
        return errno = error, -1;
    }
    int last = is_last(), result = record_sync(d, call);
    if (last) die();
    return result;
}
int fsync(int d) { return synced(d, SYS_fsync); }
int fdatasync(int d) { return synced(d, SYS_fdatasync); }

int rename(const char *from, const char *to) {
    if (!kind_of(from) && !kind_of(to)) return syscall(SYS_rename, from, to);
    wait_while_hung(2);
    int last = is_last(), result = record_rename(from, to);
    if (last) die();
    return result;
}
int unlink(const char *path) {
    if (!kind_of(path)) return syscall(SYS_unlink, path);
    wait_while_hung(2);
    int last = is_last(), result = record_unlink(path);
    if (last) die();
    return result;
}

// Calls that ask for metadata: they hang as well where the file system truly does.
#define WAITING(path)                                                                                                  \
    if (word(HANGS) >= 2 && kind_of(path)) wait_while_hung(2)
int stat(const char *path, struct stat *status) {
    WAITING(path);
    return syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}
int lstat(const char *path, struct stat *status) {
    WAITING(path);
    return syscall(SYS_newfstatat, AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}
int stat64(const char *path, struct stat64 *status) { return stat(path, (struct stat *)status); }
int lstat64(const char *path, struct stat64 *status) { return lstat(path, (struct stat *)status); }
int fstat(int d, struct stat *status) {
    if (word(HANGS) >= 2 && kind(d)) wait_while_hung(2);
    return syscall(SYS_fstat, d, status);
}
int fstat64(int d, struct stat64 *status) { return fstat(d, (struct stat *)status); }
int access(const char *path, int mode) {
    WAITING(path);
    return syscall(SYS_faccessat, AT_FDCWD, path, mode);
}
static int (*real_statvfs)(const char *, struct statvfs *);
int statvfs(const char *path, struct statvfs *status) {
    wait_while_hung(2);
    if (!real_statvfs) real_statvfs = (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
    return real_statvfs(path, status);
}
int statvfs64(const char *path, struct statvfs64 *status) { return statvfs(path, (struct statvfs *)status); }
int statfs(const char *path, struct statfs *status) {
    wait_while_hung(2);
    return syscall(SYS_statfs, path, status);
}
int statfs64(const char *path, struct statfs64 *status) { return statfs(path, (struct statfs *)status); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    int64_t ms = clock == CLOCK_REALTIME ? word(WALL_MS) : clock == CLOCK_BOOTTIME ? word(BOOT_MS) : 0;
    time->tv_sec += ms / 1000;
    time->tv_nsec += ms % 1000 * 1000000;
    if (time->tv_nsec < 0) time->tv_sec--, time->tv_nsec += 1000000000;
    if (time->tv_nsec >= 1000000000) time->tv_sec++, time->tv_nsec -= 1000000000;
    return result;
}

static int open_any(const char *path, int flags, mode_t mode) {
    // Another run of the machine, as far as the daemon can tell.
    const char *boot = getenv("MEMOD_FAULT_BOOT");
    if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot;
    int which = kind_of(path);
    if (!which) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    wait_while_hung(2);
    if (word(OPEN_ERRNO) && (!word(MASK) || (which & word(MASK))) && is_chosen()) {
        count_word(FAILED_CALLS);
        return errno = (int)word(OPEN_ERRNO), -1;
    }
    return record_open(path, flags, mode);
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

static void count(void) { count_word(ALLOCATIONS); }

void *malloc(size_t size) { return count(), __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return count(), __libc_calloc(number, size); }
void *realloc(void *block, size_t size) { return count(), __libc_realloc(block, size); }
void *memalign(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = (count(), __libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}
