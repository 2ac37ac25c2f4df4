/* Requests and replies of the servers compared, as byte strings with holes for what changes from one to the next. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum { KEY_LENGTH = 16, VERSION_LENGTH = 12, HOLES_MAX = 8, VALUE_LEAST = 32 };

/* MEMOD_CLIENT: as clients write it, an id first and white space as in Python's json.dumps. MEMCACHED_META: by mg and ms. */
enum protocol { MEMOD, REDIS, MEMCACHED, ECHO, MEMOD_CLIENT, MEMCACHED_META };
enum operation { GET, PUT, DURABLE_PUT };

struct message {
    char *bytes;
    size_t length;
    /* Where the key's text stands. */
    size_t keys[HOLES_MAX];
    int key_count;
    /* Where the version of a value stands: what makes two puts of one key different. */
    size_t versions[HOLES_MAX];
    int version_count;
};

/* The text of a number, `length` digits with zeroes in front. */
void write_digits(char *place, uint64_t number, int length);

/* "key:" and twelve digits. */
void write_key(char *place, uint64_t number);

struct message make_request(enum protocol protocol, enum operation operation, size_t value_bytes);

/* Writes a message with its holes filled to `place`, which has room for it. */
void write_message(char *place, const struct message *message, uint64_t key, uint64_t version);

/* Whether `bytes` is a reply like `message`, for this key, in any version. Of long messages the ends are compared. */
int matches(const struct message *message, const char *bytes, uint64_t key);

/* Whether the beginning of a reply is as it should be, as far as that is known. */
int begins(const struct message *message, const char *bytes, size_t count);

/*
 * Sends one request over a blocking socket and takes the reply for the pattern of all others. Ends the program where
 * the reply is not what the operation should bring.
 */
struct message learn_reply(int socket, enum protocol protocol, enum operation operation,
                           const struct message *request, uint64_t key, int is_hit, size_t value_bytes);

/* Sends bytes over a blocking socket and waits for a whole line. Ends the program where there is none. */
size_t ask_line(int socket, const char *bytes, size_t count, char *reply, size_t room);

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
