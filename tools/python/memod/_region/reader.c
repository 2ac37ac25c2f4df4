/* Reads hits from the region of memory that the daemon publishes: docs/region.md has the layout and the rules. Whatever
 * stands there is never trusted: it is copied, and taken only if nothing about it changed meanwhile. Limited API of
 * CPython 3.9. */
#define _GNU_SOURCE
#include "values.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum {
    PAGE = 4096,
    BUCKET_WORDS = 8,
    UNIT = 16,
    HEAD_BYTES = 48,
    KEY_MAX = 4096,
    VALUE_MAX = 16 << 10,
    FUNCTIONS_MAX = 4096,
    NOTE_CAPACITY = 1024,
    NOTE_BYTES = 16,
    NOTES = PAGE,
    COUNTERS = NOTES + NOTE_CAPACITY * NOTE_BYTES,
    COUNTER_BYTES = 16,
    EXACT = 1,
    OPEN = 1,
    VERSION = 2,
};
static const uint64_t region_magic = 0x314752444f4d454dULL; /* "MEMODRG1" */
#define MARK 0xFEULL
#define OWNER_DIED 0x40000000u

typedef struct {
    uint64_t publication;
    uint32_t function, key_bytes_and_flags, value_bytes, tag_epoch;
    int64_t fresh_until;
    uint64_t ticket;
    uint32_t cost_ms, life_ms;
} Head;
_Static_assert(sizeof(Head) == HEAD_BYTES && offsetof(Head, fresh_until) == 24, "the head of a block");

typedef struct {
    uint8_t *base;
    size_t size;
} Mapping;

typedef struct {
    PyObject_HEAD
    Mapping control, region, uses;
    uint32_t *own; /* a page that a forked child finds empty */
    const uint8_t *index, *log, *functions;
    uint64_t log_bytes;
    uint32_t function_count, bucket_mask, seed, alive;
    int serves_ending;
    uint32_t noting; /* taken while a thread notes */
    uint64_t noted;
} Reader;

#define LOAD64(p) __atomic_load_n((const uint64_t *)(p), __ATOMIC_RELAXED)
#define LOAD32(p) __atomic_load_n((const uint32_t *)(p), __ATOMIC_RELAXED)
#define STORE64(p, v) __atomic_store_n((uint64_t *)(p), (v), __ATOMIC_RELAXED)
#define RELEASE64(p, v) __atomic_store_n((uint64_t *)(p), (v), __ATOMIC_RELEASE)

/* CRC-32 as zlib has it, eight bytes at a time. */
static uint32_t crc_tables[8][256];

static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xEDB88320u ^ (crc >> 1) : crc >> 1;
        crc_tables[0][byte] = crc;
    }
    for (int byte = 0; byte < 256; byte++)
        for (int table = 1; table < 8; table++) {
            uint32_t before = crc_tables[table - 1][byte];
            crc_tables[table][byte] = crc_tables[0][before & 255] ^ (before >> 8);
        }
}

static uint32_t checksum(uint32_t start, const uint8_t *bytes, size_t count) {
    uint32_t crc = ~start;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word ^= crc;
        crc = 0;
        for (int table = 7; table >= 0; table--, word >>= 8) crc ^= crc_tables[table][word & 255];
    }
    while (count--) crc = crc_tables[0][(crc ^ *bytes++) & 255] ^ (crc >> 8);
    return ~crc;
}

static int64_t milliseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static uint64_t monotonic_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Notes a use. Returns 0 where the daemon has not yet read what was noted before, or another thread is noting. */
static int note(Reader *reader, uint64_t ticket, int is_exact) {
    uint8_t *uses = reader->uses.base;
    uint64_t room = is_exact ? NOTE_CAPACITY : NOTE_CAPACITY / 2;
    if (!uses || (!is_exact && LOAD64(uses) - LOAD64(uses + 64) >= room)) return 0;
    if (__atomic_exchange_n(&reader->noting, 1, __ATOMIC_ACQUIRE)) return 0;
    int has_room = reader->noted - LOAD64(uses + 64) < room;
    if (has_room) {
        uint8_t *place = uses + NOTES + reader->noted % NOTE_CAPACITY * NOTE_BYTES;
        STORE64(place, ticket);
        STORE64(place + 8, monotonic_ns());
        reader->noted++;
        RELEASE64(uses, reader->noted);
        if (is_exact) RELEASE64(uses + 8, LOAD64(uses + 8) + 1);
    }
    __atomic_store_n(&reader->noting, 0, __ATOMIC_RELEASE);
    return has_room;
}

static void count_hit(Reader *reader, uint32_t place, uint32_t cost_ms) {
    if (!reader->uses.base) return;
    uint8_t *counter = reader->uses.base + COUNTERS + (size_t)place * COUNTER_BYTES;
    __atomic_fetch_add((uint64_t *)counter, 1, __ATOMIC_RELAXED);
    if (cost_ms) __atomic_fetch_add((uint64_t *)(counter + 8), cost_ms, __ATOMIC_RELAXED);
}

typedef struct {
    uint32_t bytes, cost_ms, life_ms;
    int64_t fresh_until;
    uint8_t value[VALUE_MAX];
} Found;

enum Outcome { OTHER, DOUBT, HIT };

/* Whether a block is still what it was, and nothing hides it. None of this becomes true again for one publication. */
static int holds(const Reader *reader, const Head *head, uint64_t publication, uint32_t place, uint32_t epoch) {
    const uint8_t *header = reader->region.base;
    return LOAD64(&head->publication) == publication &&
           LOAD64(reader->functions + (size_t)place * 8) <= publication && LOAD64(header + 136) <= publication &&
           (epoch == 0 || LOAD32(header + 132) == epoch) && LOAD32(header + 128) == OPEN &&
           LOAD32(reader->control.base + 128) == reader->alive && LOAD32(reader->own) != 0;
}

static enum Outcome read_block(
    Reader *reader, uint32_t function, uint32_t place, const uint8_t *key, size_t key_bytes, uint64_t offset,
    Found *found) {
    const uint8_t *block = reader->log + offset;
    const Head *head = (const Head *)block;
    uint64_t publication = __atomic_load_n(&head->publication, __ATOMIC_ACQUIRE);
    if (publication >> 56 != MARK) return OTHER;
    uint32_t value_bytes = LOAD32(&head->value_bytes), length_and_flags = LOAD32(&head->key_bytes_and_flags);
    if (LOAD32(&head->function) != function || (length_and_flags & 0xFFFF) != key_bytes || value_bytes > VALUE_MAX)
        return OTHER;
    uint64_t start = HEAD_BYTES + ((key_bytes + 7) & ~(uint64_t)7);
    if (offset + start + value_bytes > reader->log_bytes) return OTHER;
    if (memcmp(block + HEAD_BYTES, key, key_bytes) != 0) return OTHER;
    int64_t fresh_until = (int64_t)LOAD64(&head->fresh_until);
    if (fresh_until != INT64_MAX && (!reader->serves_ending || milliseconds(CLOCK_BOOTTIME) >= fresh_until))
        return DOUBT;
    uint32_t epoch = LOAD32(&head->tag_epoch);
    uint64_t ticket = LOAD64(&head->ticket);
    uint32_t cost_ms = LOAD32(&head->cost_ms), life_ms = LOAD32(&head->life_ms);
    int is_exact = (length_and_flags >> 16 & EXACT) != 0;
    memcpy(found->value, block + start, value_bytes);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (LOAD64(&head->publication) != publication) return DOUBT;
    if (is_exact) {
        /* Now that it is known whose ticket that is, and before the last look: what was evicted meanwhile was no hit. */
        if (!holds(reader, head, publication, place, epoch) || !note(reader, ticket, 1)) return DOUBT;
    }
    if (!holds(reader, head, publication, place, epoch)) return DOUBT;
    if (!is_exact) note(reader, ticket, 0);
    count_hit(reader, place, cost_ms);
    found->bytes = value_bytes;
    found->cost_ms = cost_ms;
    found->life_ms = life_ms;
    found->fresh_until = fresh_until;
    return HIT;
}

static int find(
    Reader *reader, uint32_t function, uint32_t place, const uint8_t *key, size_t key_bytes, Found *found) {
    if (place >= reader->function_count || key_bytes > KEY_MAX || LOAD32(reader->own) == 0) return 0;
    uint32_t sum = checksum(reader->seed ^ function, key, key_bytes);
    uint32_t tag = sum ? sum : 1;
    for (uint32_t side = 0; side < 2; side++) {
        const uint8_t *bucket = reader->index + (size_t)((sum & reader->bucket_mask) ^ side) * BUCKET_WORDS * 8;
        for (int word = 0; word < BUCKET_WORDS; word++) {
            uint64_t hint = LOAD64(bucket + word * 8);
            if ((uint32_t)(hint >> 32) != tag) continue;
            uint64_t offset = (uint64_t)(uint32_t)hint * UNIT;
            if (offset + HEAD_BYTES > reader->log_bytes) continue;
            enum Outcome outcome = read_block(reader, function, place, key, key_bytes, offset, found);
            if (outcome == OTHER) continue;
            return outcome == HIT;
        }
    }
    return 0;
}

/* --- the type ---------------------------------------------------------------------------------------------------- */

static int fail(const char *why) {
    PyErr_SetString(PyExc_OSError, why);
    return -1;
}

static int map(Mapping *mapping, int descriptor, int protection) {
    struct stat status;
    if (fstat(descriptor, &status) != 0 || status.st_size <= 0) return fail("it is not memory");
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK)) return fail("its size is not sealed");
    void *base = mmap(NULL, (size_t)status.st_size, protection, MAP_SHARED, descriptor, 0);
    if (base == MAP_FAILED) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    mapping->base = base;
    mapping->size = (size_t)status.st_size;
    return 0;
}

static int read_geometry(Reader *reader) {
    const uint8_t *header = reader->region.base;
    uint64_t mapped = reader->region.size;
    if (mapped < PAGE || LOAD64(header) != region_magic || LOAD32(header + 8) != VERSION)
        return fail("the region is malformed, or of another version");
    uint64_t size = LOAD64(header + 32), functions = LOAD64(header + 40), index = LOAD64(header + 48);
    uint64_t log = LOAD64(header + 56), log_bytes = LOAD64(header + 64);
    uint32_t count = LOAD32(header + 72), mask = LOAD32(header + 76);
    if (size > mapped || functions % 8 || functions > size || index % 64 || index > size || log % 64 || log > size ||
        log_bytes % UNIT || log_bytes > size - log || log_bytes / UNIT > UINT32_MAX || count > FUNCTIONS_MAX ||
        functions + (uint64_t)count * 8 > size || mask < 1 || (mask & (mask + 1)) != 0 ||
        index + ((uint64_t)mask + 1) * BUCKET_WORDS * 8 > size)
        return fail("the region is malformed");
    if (memcmp(header + 16, reader->control.base + 16, 16) != 0) return fail("the region is another daemon's");
    if (reader->uses.base && reader->uses.size < COUNTERS + (size_t)count * COUNTER_BYTES)
        return fail("there is no room for uses");
    reader->functions = header + functions;
    reader->index = header + index;
    reader->log = header + log;
    reader->log_bytes = log_bytes;
    reader->function_count = count;
    reader->bucket_mask = mask;
    reader->seed = LOAD32(header + 12);
    return 0;
}

static int read_control(Reader *reader) {
    const uint8_t *page = reader->control.base;
    if (reader->control.size < PAGE || LOAD64(page) != region_magic || LOAD32(page + 8) != VERSION)
        return fail("the control page is malformed, or of another version");
    reader->alive = __atomic_load_n((const uint32_t *)(page + 128), __ATOMIC_ACQUIRE);
    if (reader->alive == 0 || reader->alive & OWNER_DIED) return fail("the daemon has ended");
    void *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (own == MAP_FAILED || madvise(own, PAGE, MADV_WIPEONFORK) != 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        if (own != MAP_FAILED) munmap(own, PAGE);
        return -1;
    }
    reader->own = own;
    *reader->own = 1;
    return 0;
}

static int reader_init(Reader *reader, PyObject *args, PyObject *kwds) {
    int control, region, uses, serves_ending;
    if (kwds && PyDict_Size(kwds) > 0) return fail("Reader takes no keyword arguments");
    if (!PyArg_ParseTuple(args, "iiip", &control, &region, &uses, &serves_ending)) return -1;
    if (reader->control.base) return fail("a Reader is made once");
    reader->serves_ending = serves_ending;
    if (map(&reader->control, control, PROT_READ) || map(&reader->region, region, PROT_READ)) return -1;
    if (uses >= 0 && map(&reader->uses, uses, PROT_READ | PROT_WRITE)) return -1;
    if (read_control(reader) || read_geometry(reader)) return -1;
    if (reader->uses.base) reader->noted = LOAD64(reader->uses.base);
    return 0;
}

static void unmap(Mapping *mapping) {
    if (mapping->base) munmap(mapping->base, mapping->size);
    mapping->base = NULL;
}

static void reader_dealloc(PyObject *self) {
    Reader *reader = (Reader *)self;
    PyTypeObject *type = Py_TYPE(self);
    unmap(&reader->control);
    unmap(&reader->region);
    unmap(&reader->uses);
    if (reader->own) munmap(reader->own, PAGE);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* get(number, place, key) -> the value's text, or None */
static PyObject *reader_get(PyObject *self, PyObject *args) {
    Found found;
    unsigned int number, place;
    const char *key;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "IIy#", &number, &place, &key, &bytes)) return NULL;
    if (!((Reader *)self)->functions || !find((Reader *)self, number, place, (const uint8_t *)key, (size_t)bytes, &found))
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8((const char *)found.value, found.bytes, NULL);
}

/* With `scan` the value, else its text. */
static PyObject *found_in(
    PyObject *self, unsigned long number, unsigned long place, const char *key, Py_ssize_t bytes, PyObject *scan) {
    Found found;
    if (!((Reader *)self)->functions || !find((Reader *)self, number, place, (const uint8_t *)key, (size_t)bytes, &found))
        Py_RETURN_NONE;
    const char *value = (const char *)found.value;
    PyObject *text = scan ? value_of(value, found.bytes, scan) : PyUnicode_DecodeUTF8(value, found.bytes, NULL);
    if (!text) return NULL;
    int ends = found.fresh_until != INT64_MAX;
    PyObject *hit = PyTuple_New(4), *cost = PyLong_FromUnsignedLong(found.cost_ms);
    PyObject *fresh = ends ? PyLong_FromLongLong(found.fresh_until) : Py_None;
    PyObject *life = PyLong_FromUnsignedLong(ends ? found.life_ms : 0);
    if (!ends) Py_INCREF(Py_None);
    if (!hit || !cost || !fresh || !life) {
        Py_XDECREF(hit);
        Py_XDECREF(cost);
        Py_XDECREF(fresh);
        Py_XDECREF(life);
        Py_DECREF(text);
        return NULL;
    }
    PyTuple_SetItem(hit, 0, text);
    PyTuple_SetItem(hit, 1, cost);
    PyTuple_SetItem(hit, 2, fresh);
    PyTuple_SetItem(hit, 3, life);
    return hit;
}

/* find(number, place, key) -> (text, cost_ms, fresh_until or None, life_ms), or None */
static PyObject *reader_find(PyObject *self, PyObject *args) {
    unsigned int number, place;
    const char *key;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "IIy#", &number, &place, &key, &bytes)) return NULL;
    return found_in(self, number, place, key, bytes, NULL);
}

/* Whether a key's JSON text is in canonical form as it stands, where it has its members in order and no white space. What
 * canonical.py says with a regular expression. */
static int is_canonical(const char *text, Py_ssize_t bytes) {
    for (Py_ssize_t at = 0; at < bytes; at++) {
        switch (text[at]) {
            case '"': {
                const char *end = memchr(text + at + 1, '"', (size_t)(bytes - at - 1));
                if (end && !memchr(text + at + 1, '\\', (size_t)(end - text - at - 1))) {
                    at = end - text;
                    break;
                }
                while (++at < bytes && text[at] != '"')
                    if (text[at] == '\\') at++;
                if (at >= bytes) return 0;
                break;
            }
            case '.': {
                Py_ssize_t end = at + 1;
                while (end < bytes && text[end] >= '0' && text[end] <= '9') end++;
                if (at == 0 || text[at - 1] < '0' || text[at - 1] > '9' || end == at + 1 || text[end - 1] == '0') return 0;
                at = end - 1;
                break;
            }
            case 't':
                if (bytes - at < 4 || memcmp(text + at, "true", 4) != 0) return 0;
                at += 3;
                break;
            case 'f':
                if (bytes - at < 5 || memcmp(text + at, "false", 5) != 0) return 0;
                at += 4;
                break;
            case 'e':
            case 'E':
                return 0;
        }
    }
    return 1;
}

/* look(number, place, text, scan) -> as find, but the value; False where the text may not be in canonical form */
static PyObject *reader_look(PyObject *self, PyObject *args) {
    if (PyTuple_Size(args) != 4 || !PyUnicode_Check(PyTuple_GetItem(args, 2))) {
        PyErr_SetString(PyExc_TypeError, "look takes a number, a place, a key's text, and what scans JSON");
        return NULL;
    }
    unsigned long number = PyLong_AsUnsignedLong(PyTuple_GetItem(args, 0));
    unsigned long place = PyLong_AsUnsignedLong(PyTuple_GetItem(args, 1));
    if (PyErr_Occurred()) return NULL;
    PyObject *key = PyUnicode_AsUTF8String(PyTuple_GetItem(args, 2));
    if (!key) return NULL;
    const char *text = PyBytes_AsString(key);
    Py_ssize_t bytes = PyBytes_Size(key);
    PyObject *hit;
    if (number > UINT32_MAX || place > UINT32_MAX || bytes > KEY_MAX) {
        hit = Py_None;
        Py_INCREF(hit);
    } else if (!is_canonical(text, bytes)) {
        hit = Py_False;
        Py_INCREF(hit);
    } else {
        hit = found_in(self, number, place, text, bytes, PyTuple_GetItem(args, 3));
    }
    Py_DECREF(key);
    return hit;
}

static PyObject *reader_is_open(PyObject *self, PyObject *unused) {
    Reader *reader = (Reader *)self;
    (void)unused;
    return PyBool_FromLong(
        reader->functions && LOAD32(reader->own) != 0 && LOAD32(reader->control.base + 128) == reader->alive &&
        LOAD32(reader->region.base + 128) == OPEN);
}

static PyMethodDef methods[] = {
    {"get", reader_get, METH_VARARGS, "The text of a value, or None."},
    {"find", reader_find, METH_VARARGS, "The text, what it cost in ms, until when it is fresh, and its life in ms; or None."},
    {"look", reader_look, METH_VARARGS, "The value, for a key's text; False where it may not be in canonical form."},
    {"is_open", reader_is_open, METH_NOARGS, "Whether the daemon still publishes, to this process."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, reader_init},
    {Py_tp_dealloc, reader_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_doc, "Reader(control, region, uses, serves_ending): descriptors, not needed afterwards"},
    {0, NULL},
};

static PyType_Spec spec = {"memod._region._reader.Reader", sizeof(Reader), 0, Py_TPFLAGS_DEFAULT, slots};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_reader", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__reader(void) {
    make_tables();
    PyObject *self = PyModule_Create(&module);
    PyObject *type = self ? PyType_FromSpec(&spec) : NULL;
    if (!type || PyModule_AddObject(self, "Reader", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(self);
        return NULL;
    }
    return self;
}
