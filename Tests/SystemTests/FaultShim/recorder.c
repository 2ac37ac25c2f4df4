// Writes down every change of the database's files, in the order in which they took place, so that a power loss can be
// cut anywhere; and remembers what was under each write that is not synced yet, so that it can be taken back.
#include "shim.h"

static int record = -1;
static int drops;
static volatile int turn;

void recorder_open(void) {
    const char *path = getenv("FAULT_RECORD");
    if (path) record = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    drops = getenv("FAULT_DROPS") != NULL;
}

int shim_watches(int descriptor) {
    char path[512];
    if (record < 0 && !drops && !shim_words[KILL_AT]) return 0;
    return shim_path(descriptor, path, sizeof path) && !strstr(path, ".ballast");
}

static void lock(void) {
    while (__atomic_exchange_n(&turn, 1, __ATOMIC_ACQUIRE)) syscall(SYS_sched_yield);
}
static void unlock(void) { __atomic_store_n(&turn, 0, __ATOMIC_RELEASE); }

// One change: kind, lengths, file, offset, then the path or the bytes.
struct head {
    uint8_t kind;
    uint8_t unused[3];
    uint32_t bytes;
    uint64_t file;
    uint64_t offset;
};

static void put(char kind, uint64_t file, uint64_t offset, const void *bytes, size_t count) {
    if (record < 0) return;
    struct head head = {(uint8_t)kind, {0}, (uint32_t)count, file, offset};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, count}};
    if (syscall(SYS_writev, record, parts, 2) != (ssize_t)(sizeof head + count)) _exit(98);
    __atomic_add_fetch(&shim_words[RECORDED], (int64_t)(sizeof head + count), __ATOMIC_SEQ_CST);
}

static uint64_t file_of(int descriptor) {
    struct stat status;
    return syscall(SYS_fstat, descriptor, &status) == 0 ? status.st_ino : 0;
}

static uint64_t file_at(const char *path) {
    struct stat status;
    return syscall(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
}

// What was in a file before a write that is not synced yet.
struct before {
    struct before *older;
    uint64_t file;
    off64_t at;
    size_t count, had;
    char bytes[];
};
static struct before *unsynced;

static void remember(int descriptor, size_t count, off64_t at) {
    if (!drops) return;
    struct before *before = malloc(sizeof *before + count);
    if (!before) _exit(97);
    ssize_t had = syscall(SYS_pread64, descriptor, before->bytes, count, at);
    before->file = file_of(descriptor);
    before->at = at;
    before->count = count;
    before->had = had < 0 ? 0 : had;
    before->older = unsynced;
    unsynced = before;
}

// Forgets what was noted of a file beyond a length.
static void forget(uint64_t file, off64_t size) {
    for (struct before **next = &unsynced; *next;) {
        struct before *before = *next;
        if (before->file == file && before->at + (off64_t)before->count > size) {
            *next = before->older;
            free(before);
        } else {
            next = &before->older;
        }
    }
}

// Takes back, the newest first, what was written and not synced. With a seed, only some of it.
void record_drop(int descriptor, uint32_t seed) {
    uint64_t file = file_of(descriptor);
    lock();
    for (struct before **next = &unsynced; *next;) {
        struct before *before = *next;
        if (before->file != file) {
            next = &before->older;
            continue;
        }
        *next = before->older;
        seed = seed * 1103515245u;
        if (!(seed & 0x10000)) {
            memset(before->bytes + before->had, 0, before->count - before->had);
            syscall(SYS_pwrite64, descriptor, before->bytes, before->count, before->at);
        }
        free(before);
    }
    unlock();
}

ssize_t record_write(int descriptor, const void *bytes, size_t count, off64_t at) {
    lock();
    remember(descriptor, count, at);
    ssize_t written = syscall(SYS_pwrite64, descriptor, bytes, count, at);
    int error = errno;
    if (written > 0) put('W', file_of(descriptor), at, bytes, written);
    unlock();
    return errno = error, written;
}

int record_truncate(int descriptor, off64_t size) {
    lock();
    int result = syscall(SYS_ftruncate, descriptor, size), error = errno;
    if (result == 0) {
        forget(file_of(descriptor), size);
        put('T', file_of(descriptor), size, NULL, 0);
    }
    unlock();
    return errno = error, result;
}

int record_sync(int descriptor, long call) {
    struct stat status;
    int is_directory = syscall(SYS_fstat, descriptor, &status) == 0 && S_ISDIR(status.st_mode);
    if (!is_directory && !shim_watches(descriptor)) return syscall(call, descriptor);
    // Not under the lock: what is written meanwhile comes after what the sync is about, at worst.
    lock();
    put(is_directory ? 'd' : 's', status.st_ino, 0, NULL, 0);
    unlock();
    int result = syscall(call, descriptor), error = errno;
    if (result == 0) {
        lock();
        put(is_directory ? 'D' : 'S', status.st_ino, 0, NULL, 0);
        if (!is_directory) forget(status.st_ino, -1);
        unlock();
    }
    return errno = error, result;
}

int record_rename(const char *from, const char *to) {
    char both[2048];
    size_t length = strlen(from);
    if (length + strlen(to) + 2 > sizeof both) return errno = ENAMETOOLONG, -1;
    memcpy(both, from, length + 1);
    strcpy(both + length + 1, to);
    lock();
    int result = syscall(SYS_rename, from, to), error = errno;
    if (result == 0) put('R', file_at(to), 0, both, length + 1 + strlen(to));
    unlock();
    return errno = error, result;
}

int record_unlink(const char *path) {
    lock();
    uint64_t file = file_at(path);
    int result = syscall(SYS_unlink, path), error = errno;
    if (result == 0) {
        forget(file, -1);
        put('U', file, 0, path, strlen(path));
    }
    unlock();
    return errno = error, result;
}

int record_open(const char *path, int flags, mode_t mode) {
    if ((record < 0 && !drops) || !(flags & (O_CREAT | O_TRUNC)) || strstr(path, ".ballast"))
        return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    lock();
    uint64_t file = file_at(path);
    int descriptor = syscall(SYS_openat, AT_FDCWD, path, flags, mode), error = errno;
    if (descriptor >= 0) {
        if (!file) put('C', file_of(descriptor), 0, path, strlen(path));
        else if (flags & O_TRUNC) forget(file, -1), put('T', file, 0, NULL, 0);
    }
    unlock();
    return errno = error, descriptor;
}
