// What the shim's two halves share.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The order is that of `FaultControl.Word`, and of `WORDS` in tools/torture.d/faults.py.
enum {
    WALL_MS,      // added to the wall clock
    BOOT_MS,      // and to the clock since boot
    WRITE_ERRNO,  // with which these fail; 0: they do not
    SYNC_ERRNO,
    HANGS,        // 1: what is done with files' contents waits; 2: metadata too
    READ_ERRNO,
    ALLOCATIONS,  // counted here
    FAILED_CALLS, // and these
    OPEN_ERRNO,
    MASK,         // of the files that faults concern; 0: all
    PER_MILLION,  // how many of the calls fail; 0: all
    SKIP,         // so many pass first
    TIMES,        // so many fail; 0: all that follow
    DROPS,        // what a failed sync leaves unwritten is forgotten: 1 all of it, 2 some
    FLIPS,        // reads in a million of which one bit is wrong
    KILL_AT,      // the number of the change at which it is killed
    KILL_HOW,     // 0 before it, 1 in its middle, 2 after it
    CHANGES,      // counted here
    RECORDED,     // bytes that the record has
    SEED,
    WORDS
};

enum { DATABASE = 1, LOG = 2, BESIDE = 4 };

extern volatile int64_t *shim_words;

// Which of the database's files a descriptor is, and its path.
int shim_path(int descriptor, char *path, size_t size);

// Whether what is done with this file is followed.
int shim_watches(int descriptor);

void recorder_open(void);
ssize_t record_write(int descriptor, const void *bytes, size_t count, off64_t at);
int record_truncate(int descriptor, off64_t size);
int record_sync(int descriptor, long call);
void record_drop(int descriptor, uint32_t seed);
int record_rename(const char *from, const char *to);
int record_unlink(const char *path);
int record_open(const char *path, int flags, mode_t mode);
