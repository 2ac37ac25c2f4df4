#include <sqlite3.h>
#include <stddef.h>
#include <sys/vfs.h>

/* sqlite3_db_config takes variable arguments, which Swift cannot pass. */
static inline int memod_sqlite3_no_checkpoint_on_close(sqlite3 *database, int on) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on, (int *)0);
}

/* sqlite3_config does, too. Without these statistics no allocation takes SQLite's global lock. */
static inline int memod_sqlite3_no_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* <sys/vfs.h> is not in Swift's Glibc module. -1 where statfs fails. */
static inline long long memod_file_system_magic(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long long)(status.f_type & 0xffffffff) : -1;
}

/* Reads what the kernel has in memory: fails with EAGAIN where it would have to wait for the disk, and with another
   error where it cannot tell. preadv2 is declared for _GNU_SOURCE alone. */
struct iovec;
long preadv2(int descriptor, const struct iovec *parts, int count, long offset, int flags);
static inline long memod_read_cached(int descriptor, void *buffer, size_t size, long offset) {
    struct {
        void *base;
        size_t size;
    } part = {buffer, size};
    return preadv2(descriptor, (const struct iovec *)&part, 1, offset, 8 /* RWF_NOWAIT */);
}
