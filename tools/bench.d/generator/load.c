/*
 * Drives one server with requests that are answered one burst after another on each connection, checks every reply,
 * and prints what it measured as one line of JSON.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "keys.h"
#include "message.h"

enum { CONNECTIONS_MAX = 4096, PIPELINE_MAX = 256, SECONDS_MAX = 3600, SILENCE_SECONDS = 30 };

struct settings {
    enum protocol protocol;
    const char *socket;
    pid_t server;
    enum operation operation;
    double put_share;
    int connections;
    int pipeline;
    size_t value_bytes;
    double seconds;
    double warm_up;
    uint64_t requests;
    int is_hit;
    int syncs;
};

struct pending {
    uint64_t key;
    const struct message *reply;
};

struct connection {
    int socket;
    char *output;
    size_t output_length;
    size_t output_sent;
    char *input;
    size_t input_room;
    size_t input_length;
    uint64_t sent_at;
    int answered;
    int expected;
    int waits_to_write;
    struct pending pending[PIPELINE_MAX];
};

static struct settings settings = {.connections = 1, .pipeline = 1, .value_bytes = 64, .seconds = 1, .is_hit = 1};
static struct keys keys = {.count = 1, .state = 1};
static struct message get_request, get_reply, put_request, put_reply;
static struct connection *connections;
static struct histogram histogram;
static int epoll;

static uint64_t started, issued, answered, versions;
static int is_over, busy;
static uint64_t slices[SECONDS_MAX];

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* CPU time of the server and of those of its children that have ended, in seconds. */
static double server_seconds(void)
{
    clockid_t clock;
    struct timespec time;
    if (!settings.server) return 0;
    if (clock_getcpuclockid(settings.server, &clock) || clock_gettime(clock, &time)) fail("the server has ended");
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", settings.server);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) fail("the server has ended");
    fclose(file);
    long user = 0, system = 0;
    const char *rest = strrchr(line, ')');
    sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &user, &system);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9 + (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double own_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connect_to(const char *path, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("the socket's path is too long: %s", path);
    strcpy(address.sun_path, path);
    int result = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (result < 0 || connect(result, (struct sockaddr *)&address, sizeof address)) fail("%s: %s", path, strerror(errno));
    if (flags) {
        struct timeval limit = {.tv_sec = SILENCE_SECONDS};
        setsockopt(result, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    return result;
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->socket, &event)) fail("epoll: %s", strerror(errno));
}

static void send_rest(struct connection *connection)
{
    while (connection->output_sent < connection->output_length) {
        ssize_t count = send(connection->socket, connection->output + connection->output_sent,
                             connection->output_length - connection->output_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN) fail("the server takes nothing: %s", strerror(errno));
            if (!connection->waits_to_write) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            connection->waits_to_write = 1;
            return;
        }
        connection->output_sent += (size_t)count;
    }
    if (connection->waits_to_write) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    connection->waits_to_write = 0;
}

/* Sends the next burst, or nothing where enough was sent. */
static void send_burst(struct connection *connection, uint64_t time)
{
    static uint64_t dice = 7;
    const uint64_t put_below = (uint64_t)(settings.put_share * 0x1p32);
    int wanted = settings.pipeline;
    if (settings.requests && settings.requests - issued < (uint64_t)wanted) wanted = (int)(settings.requests - issued);
    if (is_over || wanted == 0) {
        busy--;
        return;
    }
    size_t length = 0;
    for (int at = 0; at < wanted; at++) {
        int is_put = settings.operation != GET || (put_below && (random_bits(&dice) >> 32) < put_below);
        const struct message *request = is_put ? &put_request : &get_request;
        uint64_t key = next_key(&keys);
        write_message(connection->output + length, request, key, request->version_count ? ++versions : 0);
        length += request->length;
        connection->pending[at] = (struct pending){.key = key, .reply = is_put ? &put_reply : &get_reply};
    }
    issued += (uint64_t)wanted;
    connection->output_length = length;
    connection->output_sent = 0;
    connection->answered = 0;
    connection->expected = wanted;
    connection->sent_at = time;
    send_rest(connection);
}

static void complain(const struct connection *connection, const char *reply, size_t count)
{
    int shown = (int)(count < 300 ? count : 300);
    fail("wrong reply for key %llu: %.*s", (unsigned long long)connection->pending[connection->answered].key, shown,
         reply);
}

static void take_replies(struct connection *connection)
{
    ssize_t count = recv(connection->socket, connection->input + connection->input_length,
                         connection->input_room - connection->input_length, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) fail("no reply: %s", strerror(errno));
    if (count == 0) fail("the server closed a connection");
    uint64_t time = now();
    connection->input_length += (size_t)count;
    size_t taken = 0;
    int before = connection->answered;
    while (connection->answered < connection->expected) {
        const struct pending *next = &connection->pending[connection->answered];
        const char *reply = connection->input + taken;
        size_t rest = connection->input_length - taken;
        if (rest < next->reply->length) {
            if (!begins(next->reply, reply, rest)) complain(connection, reply, rest);
            break;
        }
        if (!matches(next->reply, reply, next->key)) complain(connection, reply, rest);
        taken += next->reply->length;
        connection->answered++;
    }
    uint64_t replies = (uint64_t)(connection->answered - before);
    if (replies) record(&histogram, time - connection->sent_at, replies);
    answered += replies;
    uint64_t second = (time - started) / 1000000000u;
    if (time >= started && second < SECONDS_MAX) slices[second] += replies;

    connection->input_length -= taken;
    if (connection->answered < connection->expected) {
        memmove(connection->input, connection->input + taken, connection->input_length);
    } else if (connection->input_length) {
        fail("more replies than requests: %.*s", (int)(connection->input_length < 300 ? connection->input_length : 300),
             connection->input + taken);
    } else {
        send_burst(connection, time);
    }
}

/* Handles events until a time, in ns, or until all connections rest. */
static void run_until(uint64_t end)
{
    enum { EVENTS = 256 };
    struct epoll_event events[EVENTS];
    while (busy > 0) {
        uint64_t time = now();
        if (time >= end) return;
        int ready = epoll_wait(epoll, events, EVENTS, (int)((end - time) / 1000000 < SILENCE_SECONDS * 1000u
                                                                ? (end - time) / 1000000 + 1
                                                                : SILENCE_SECONDS * 1000u));
        if (ready < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
        if (ready == 0 && now() - time >= (SILENCE_SECONDS - 1) * 1000000000ull)
            fail("no reply for %d seconds; %.*s", SILENCE_SECONDS, (int)connections[0].input_length, connections[0].input);
        for (int at = 0; at < ready; at++) {
            struct connection *connection = events[at].data.ptr;
            if (events[at].events & EPOLLOUT) send_rest(connection);
            if (events[at].events & ~(uint32_t)EPOLLOUT) take_replies(connection);
        }
    }
}

static size_t larger(size_t one, size_t other) { return one > other ? one : other; }

static void open_connections(void)
{
    size_t request = settings.operation == GET ? get_request.length : put_request.length;
    size_t reply = settings.operation == GET ? get_reply.length : put_reply.length;
    if (settings.put_share > 0) {
        request = larger(request, put_request.length);
        reply = larger(reply, put_reply.length);
    }
    connections = calloc((size_t)settings.connections, sizeof *connections);
    if (!connections) fail("no memory for connections");
    for (int at = 0; at < settings.connections; at++) {
        struct connection *connection = &connections[at];
        connection->socket = connect_to(settings.socket, 0);
        connection->output = malloc(request * (size_t)settings.pipeline);
        connection->input_room = reply * (size_t)settings.pipeline + 4096;
        connection->input = malloc(connection->input_room);
        if (!connection->output || !connection->input) fail("no memory for connections");
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void learn(void)
{
    int control = connect_to(settings.socket, 1);
    int puts = settings.operation != GET || settings.put_share > 0;
    if (puts) {
        enum operation operation = settings.operation == GET ? PUT : settings.operation;
        put_request = make_request(settings.protocol, operation, settings.value_bytes);
        put_reply = learn_reply(control, settings.protocol, operation, &put_request, keys.first, 1, settings.value_bytes);
    }
    if (settings.operation == GET) {
        get_request = make_request(settings.protocol, GET, settings.value_bytes);
        get_reply = learn_reply(control, settings.protocol, GET, &get_request, keys.first, settings.is_hit,
                                settings.value_bytes);
    }
    close(control);
}

/* Waits until all that was put is committed, where the server knows such a thing. */
static void sync_server(void)
{
    static const char request[] = "{\"op\":\"sync\"}\n";
    char reply[256];
    if (!settings.syncs || (settings.protocol != MEMOD && settings.protocol != MEMOD_CLIENT)) return;
    int control = connect_to(settings.socket, 1);
    size_t count = ask_line(control, request, sizeof request - 1, reply, sizeof reply);
    if (!memmem(reply, count, "\"ok\":true", 9)) fail("sync failed: %.*s", (int)count, reply);
    close(control);
}

static void print_result(double seconds, double with_sync, double server, double own)
{
    printf("{\"requests\":%llu,\"seconds\":%.6f,\"seconds_with_sync\":%.6f,\"server_cpu_seconds\":%.6f,"
           "\"generator_cpu_seconds\":%.6f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"p999_us\":%.3f,\"by_second\":[",
           (unsigned long long)answered, seconds, with_sync, server, own, percentile(&histogram, 0.5) / 1e3,
           percentile(&histogram, 0.99) / 1e3, percentile(&histogram, 0.999) / 1e3);
    for (int second = 0; second < (int)seconds && second < SECONDS_MAX; second++)
        printf("%s%llu", second ? "," : "", (unsigned long long)slices[second]);
    puts("]}");
}

static int choose(const char *text, const char *const *names)
{
    for (int at = 0; names[at]; at++)
        if (!strcmp(text, names[at])) return at;
    fail("not known: %s", text);
}

static void read_options(int count, char **arguments)
{
    static const char *const protocols[] = {"memod", "redis", "memcached", "echo", "memod-client", "memcached-meta", NULL};
    static const char *const operations[] = {"get", "put", "durable-put", NULL};
    static const char *const orders[] = {"uniform", "zipf", "sequential", NULL};
    static const struct option options[] = {
        {"protocol", 1, 0, 'p'},   {"socket", 1, 0, 's'},    {"pid", 1, 0, 'i'},      {"operation", 1, 0, 'o'},
        {"put-share", 1, 0, 'u'},  {"connections", 1, 0, 'c'}, {"pipeline", 1, 0, 'l'}, {"value-bytes", 1, 0, 'v'},
        {"seconds", 1, 0, 't'},    {"warm-up", 1, 0, 'w'},   {"requests", 1, 0, 'n'}, {"first", 1, 0, 'f'},
        {"keys", 1, 0, 'k'},       {"order", 1, 0, 'r'},     {"misses", 0, 0, 'm'},   {"sync", 0, 0, 'y'},
        {"seed", 1, 0, 'e'},       {0, 0, 0, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': settings.protocol = (enum protocol)choose(optarg, protocols); break;
        case 's': settings.socket = optarg; break;
        case 'i': settings.server = atoi(optarg); break;
        case 'o': settings.operation = (enum operation)choose(optarg, operations); break;
        case 'u': settings.put_share = atof(optarg); break;
        case 'c': settings.connections = atoi(optarg); break;
        case 'l': settings.pipeline = atoi(optarg); break;
        case 'v': settings.value_bytes = strtoul(optarg, NULL, 10); break;
        case 't': settings.seconds = atof(optarg); break;
        case 'w': settings.warm_up = atof(optarg); break;
        case 'n': settings.requests = strtoull(optarg, NULL, 10); break;
        case 'f': keys.first = strtoull(optarg, NULL, 10); break;
        case 'k': keys.count = strtoull(optarg, NULL, 10); break;
        case 'r': keys.order = (enum order)choose(optarg, orders); break;
        case 'm': settings.is_hit = 0; break;
        case 'y': settings.syncs = 1; break;
        case 'e': keys.state = strtoull(optarg, NULL, 10); break;
        default: exit(64);
        }
    }
    if (!settings.socket) fail("no socket given");
    if (settings.connections < 1 || settings.connections > CONNECTIONS_MAX) fail("connections: 1 to %d", CONNECTIONS_MAX);
    if (settings.pipeline < 1 || settings.pipeline > PIPELINE_MAX) fail("pipeline: 1 to %d", PIPELINE_MAX);
    if (settings.value_bytes < VALUE_LEAST || settings.value_bytes > 1u << 26) fail("value-bytes: %d to 64 Mi", VALUE_LEAST);
    if (keys.count < 1) fail("keys: at least 1");
}

int main(int count, char **arguments)
{
    read_options(count, arguments);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll: %s", strerror(errno));
    prepare_keys(&keys, 0.99);
    learn();
    open_connections();
    const uint64_t second = 1000000000u;
    uint64_t begun = now();
    started = UINT64_MAX;
    busy = settings.connections;
    if (settings.warm_up <= 0) started = begun;
    double server = server_seconds(), own = own_seconds();
    for (int at = 0; at < settings.connections; at++) send_burst(&connections[at], now());
    if (settings.warm_up > 0) {
        run_until(begun + (uint64_t)(settings.warm_up * (double)second));
        memset(&histogram, 0, sizeof histogram);
        answered = 0;
        server = server_seconds();
        own = own_seconds();
        started = now();
    }
    run_until(settings.requests ? UINT64_MAX : started + (uint64_t)(settings.seconds * (double)second));
    uint64_t ended = now();
    double own_used = own_seconds() - own;
    if (settings.requests) sync_server();
    uint64_t synced = now();
    double server_used = server_seconds() - server;
    uint64_t measured = answered;
    is_over = 1;
    run_until(now() + SILENCE_SECONDS * second);
    answered = measured;
    print_result((double)(ended - started) / 1e9, (double)(synced - started) / 1e9, server_used, own_used);
    return 0;
}
