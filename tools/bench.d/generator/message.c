#define _GNU_SOURCE
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("generator: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory) fail("no memory for %zu bytes", bytes);
    return memory;
}

void write_digits(char *place, uint64_t number, int length)
{
    static char pairs[200];
    if (!pairs[0]) {
        for (int pair = 0; pair < 100; pair++) {
            pairs[2 * pair] = (char)('0' + pair / 10);
            pairs[2 * pair + 1] = (char)('0' + pair % 10);
        }
    }
    for (int at = length - 2; at >= 0; at -= 2) {
        memcpy(place + at, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
}

void write_key(char *place, uint64_t number)
{
    memcpy(place, "key:", 4);
    write_digits(place + 4, number, KEY_LENGTH - 4);
}

/* The key, a version, and text that is the same in all values. */
static char *make_value(size_t bytes)
{
    char *value = allocate(bytes + 1);
    uint32_t state = 1;
    for (size_t at = 0; at < bytes; at++) {
        state = state * 1664525 + 1013904223;
        value[at] = "abcdefghijklmnopqrstuvwxyz012345"[state >> 27];
    }
    write_key(value, 0);
    write_digits(value + KEY_LENGTH, 0, VERSION_LENGTH);
    value[bytes] = 0;
    return value;
}

/* Notes where the text of a key stands in the message, and behind it the version, where it is that of a value. */
static void find_holes(struct message *message, const char *key, const char *value, size_t value_bytes)
{
    const char *from = message->bytes;
    const char *end = message->bytes + message->length;
    while ((from = memmem(from, (size_t)(end - from), key, KEY_LENGTH))) {
        if (message->key_count == HOLES_MAX) fail("the key stands too often in a message");
        size_t at = (size_t)(from - message->bytes);
        message->keys[message->key_count++] = at;
        if (at + value_bytes <= message->length &&
            !memcmp(from + KEY_LENGTH + VERSION_LENGTH, value + KEY_LENGTH + VERSION_LENGTH,
                    value_bytes - KEY_LENGTH - VERSION_LENGTH)) {
            message->versions[message->version_count++] = at + KEY_LENGTH;
        }
        from += KEY_LENGTH;
    }
}

struct message make_request(enum protocol protocol, enum operation operation, size_t value_bytes)
{
    char key[KEY_LENGTH + 1] = {0};
    write_key(key, 0);
    char *value = make_value(value_bytes);
    char *text = NULL;
    int length = 0;
    switch (protocol) {
    case ECHO:
    case MEMOD:
        if (operation == GET)
            length = asprintf(&text, "{\"op\":\"get\",\"fn\":\"bench\",\"key\":\"%s\"}\n", key);
        else
            length = asprintf(&text, "{\"op\":\"put\",\"fn\":\"bench\",\"key\":\"%s\",\"value\":\"%s\"%s}\n", key,
                              value, operation == DURABLE_PUT ? ",\"durable\":true" : "");
        break;
    case MEMOD_CLIENT:
        if (operation == GET)
            length = asprintf(&text, "{\"id\": 12345, \"op\": \"get\", \"fn\": \"bench\", \"key\": \"%s\"}\n", key);
        else
            length = asprintf(&text, "{\"id\": 12345, \"op\": \"put\", \"fn\": \"bench\", \"key\": \"%s\", \"value\": \"%s\"%s}\n",
                              key, value, operation == DURABLE_PUT ? ", \"durable\": true" : "");
        break;
    case MEMCACHED_META:
        if (operation == GET)
            length = asprintf(&text, "mg %s v\r\n", key);
        else
            length = asprintf(&text, "ms %s %zu\r\n%s\r\n", key, value_bytes, value);
        break;
    case REDIS:
        if (operation == GET)
            length = asprintf(&text, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", KEY_LENGTH, key);
        else
            length = asprintf(&text, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%zu\r\n%s\r\n", KEY_LENGTH, key,
                              value_bytes, value);
        break;
    case MEMCACHED:
        if (operation == GET)
            length = asprintf(&text, "get %s\r\n", key);
        else
            length = asprintf(&text, "set %s 0 0 %zu\r\n%s\r\n", key, value_bytes, value);
        break;
    }
    if (length < 0) fail("no memory for a request");
    struct message message = {.bytes = text, .length = (size_t)length};
    find_holes(&message, key, value, value_bytes);
    free(value);
    return message;
}

void write_message(char *place, const struct message *message, uint64_t key, uint64_t version)
{
    char text[KEY_LENGTH];
    write_key(text, key);
    memcpy(place, message->bytes, message->length);
    for (int hole = 0; hole < message->key_count; hole++) memcpy(place + message->keys[hole], text, KEY_LENGTH);
    for (int hole = 0; hole < message->version_count; hole++)
        write_digits(place + message->versions[hole], version, VERSION_LENGTH);
}

/* Compares what lies between two holes. */
static int matches_part(const struct message *message, const char *bytes, size_t from, size_t to)
{
    enum { WHOLE_MAX = 4096, END = 64 };
    if (to - from <= WHOLE_MAX) return !memcmp(message->bytes + from, bytes + from, to - from);
    return !memcmp(message->bytes + from, bytes + from, END) &&
           !memcmp(message->bytes + to - END, bytes + to - END, END);
}

int matches(const struct message *message, const char *bytes, uint64_t key)
{
    char text[KEY_LENGTH];
    write_key(text, key);
    size_t from = 0;
    int version = 0;
    for (int hole = 0; hole < message->key_count; hole++) {
        size_t at = message->keys[hole];
        if (!matches_part(message, bytes, from, at) || memcmp(bytes + at, text, KEY_LENGTH)) return 0;
        from = at + KEY_LENGTH;
        if (version < message->version_count && message->versions[version] == from) {
            from += VERSION_LENGTH;
            version++;
        }
    }
    return matches_part(message, bytes, from, message->length);
}

int begins(const struct message *message, const char *bytes, size_t count)
{
    size_t known = message->key_count ? message->keys[0] : message->length;
    return !memcmp(message->bytes, bytes, count < known ? count : known);
}

static void send_all(int socket, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = write(socket, bytes, count);
        if (sent < 0) fail("the server takes nothing: %s", strerror(errno));
        bytes += sent;
        count -= (size_t)sent;
    }
}

static size_t receive(int socket, char *bytes, size_t room)
{
    ssize_t count = read(socket, bytes, room);
    if (count < 0) fail("no reply: %s", strerror(errno));
    if (count == 0) fail("the server closed the connection");
    return (size_t)count;
}

size_t ask_line(int socket, const char *bytes, size_t count, char *reply, size_t room)
{
    size_t length = 0;
    send_all(socket, bytes, count);
    do {
        if (length == room) fail("a reply is longer than expected");
        length += receive(socket, reply + length, room - length);
    } while (reply[length - 1] != '\n');
    return length;
}

static int ends(const char *bytes, size_t count, const char *end)
{
    size_t length = strlen(end);
    return count >= length && !memcmp(bytes + count - length, end, length);
}

/* Whether a reply has come whole. */
static int is_whole(enum protocol protocol, const char *bytes, size_t count, size_t request_length)
{
    switch (protocol) {
    case ECHO: return count == request_length;
    case MEMOD:
    case MEMOD_CLIENT: return ends(bytes, count, "\n");
    case MEMCACHED_META:
        if (!ends(bytes, count, "\r\n")) return 0;
        if (memcmp(bytes, "VA ", 3)) return 1;
        return count >= (size_t)((const char *)memchr(bytes, '\n', count) + 1 - bytes) + strtoul(bytes + 3, NULL, 10) + 2;
    case MEMCACHED: return ends(bytes, count, "END\r\n") || ends(bytes, count, "STORED\r\n") || bytes[0] == 'E';
    case REDIS: break;
    }
    if (!ends(bytes, count, "\r\n")) return 0;
    if (bytes[0] != '$' || bytes[1] == '-') return 1;
    const char *line_end = memchr(bytes, '\n', count);
    return count >= (size_t)(line_end + 1 - bytes) + strtoul(bytes + 1, NULL, 10) + 2;
}

struct message learn_reply(int socket, enum protocol protocol, enum operation operation,
                           const struct message *request, uint64_t key, int is_hit, size_t value_bytes)
{
    static const char *const stored[] = {"\"stored\":true", "+OK", "STORED", "", "\"stored\":true", "HD"};
    static const char *const missing[] = {"\"hit\":false", "$-1", "END", "", "\"hit\":false", "EN"};
    size_t room = request->length + value_bytes + 4096;
    char *bytes = allocate(room);
    size_t count = 0;
    write_message(bytes, request, key, 0);
    send_all(socket, bytes, request->length);
    do {
        if (count == room) fail("a reply is longer than expected");
        count += receive(socket, bytes + count, room - count);
    } while (!is_whole(protocol, bytes, count, request->length));

    struct message reply = {.bytes = bytes, .length = count};
    char *value = make_value(value_bytes);
    char text[KEY_LENGTH];
    write_key(text, key);
    write_key(value, key);
    find_holes(&reply, text, value, value_bytes);
    free(value);
    const char *wanted = operation == GET ? missing[protocol] : stored[protocol];
    int is_right = operation == GET && is_hit && protocol != ECHO
                       ? reply.version_count == 1
                       : memmem(bytes, count, wanted, strlen(wanted)) != NULL;
    if (!is_right) fail("unexpected reply: %.*s", (int)(count < 300 ? count : 300), bytes);
    return reply;
}
