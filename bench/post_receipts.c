/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_post_receipts PORT TOKENS PREFIX QUERY FIRST LAST STEP EACH_MS IDLE SLOW
 *
 * Looks for requests that are left unanswered. Posts receipts for the tokens of a file on FIRST
 * connections of 127.0.0.1, after EACH_MS on STEP more, and so on up to LAST; one request at a time
 * on each. Beside them IDLE connections send nothing and SLOW ones the head of a request, a byte a
 * second; those that are closed are opened again. A request that waits longer than a second is a
 * stall, whether it is answered later or not. Ends with one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define HELD_MAX        16384
#define TOKEN_LINE      33
#define ANSWER_MAX      2048
#define STALL_US        1000000u
#define CHECK_US        100000u
#define SLOW_US         1000000u
#define SLOTS_PER_MS    10
#define SLOTS           100000 /* of the times of answers: up to ten seconds */
#define EVENTS          256

static const char slow_head[] = "POST /r/gateway/x HTTP/1.1\r\nX-Slow: ";

struct client {
    int fd;
    bool is_held; /* idle or slow */
    bool is_slow;
    bool is_told; /* its request was counted as a stall */
    unsigned sent;
    uint64_t since_us;
    size_t len;
    char answer[ANSWER_MAX];
};

struct posting {
    int epoll;
    struct sockaddr_in address;
    const char *prefix;
    const char *query;
    char *tokens;
    size_t token_count;
    size_t next_token;
    struct client *clients; /* [0, active) post, [0, held) of `holders` do not */
    unsigned active;
    struct client *holders;
    unsigned held;
    uint64_t answered;
    uint64_t refused;
    uint64_t broken; /* closed while an answer was awaited */
    uint64_t stalls;
    uint64_t turned_away; /* stalls before a request: there was no room for the connection */
    unsigned stalled_at;  /* connections when the first one stalled */
    uint64_t reopened;
    uint64_t slowest_us;
    uint64_t *slots;
};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench_post_receipts: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* Nobody waits for those that are only held: their way into the server may be long. */
static void client_open(struct posting *posting, struct client *client)
{
    int yes = 1;
    uint64_t began_us = now_us();
    int kind = SOCK_STREAM | (client->is_held ? SOCK_NONBLOCK : 0);
    client->fd = socket(AF_INET, kind, 0);
    if (client->fd < 0 || (connect(client->fd, (const struct sockaddr *)&posting->address,
                                   sizeof(posting->address)) != 0 &&
                           errno != EINPROGRESS)) {
        give_up("a connection cannot be opened");
    }
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)fcntl(client->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};
    if (epoll_ctl(posting->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
        give_up("a connection cannot be watched");
    }
    client->len = 0;
    client->sent = 0;
    if (now_us() > began_us + STALL_US) {
        posting->stalls++;
        posting->turned_away++;
    }
}

static void client_close(struct client *client)
{
    (void)close(client->fd);
    client->fd = -1;
}

/* ---- those who post ---- */

static void request_send(struct posting *posting, struct client *client)
{
    char request[256];
    const char *token = posting->tokens + posting->next_token * TOKEN_LINE;
    posting->next_token = (posting->next_token + 1) % posting->token_count;
    int len = snprintf(request, sizeof(request),
                       "POST %.64s%.32s%.64s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
                       "\r\n",
                       posting->prefix, token, posting->query);
    client->len = 0;
    client->is_told = false;
    client->since_us = now_us();
    (void)send(client->fd, request, (size_t)len, MSG_NOSIGNAL); /* if it fails, it is closed */
}

static void count_answer(struct posting *posting, const struct client *client)
{
    uint64_t took_us = now_us() - client->since_us;
    uint64_t slot = took_us * SLOTS_PER_MS / 1000;
    posting->slots[slot < SLOTS ? slot : SLOTS - 1]++;
    posting->slowest_us = took_us > posting->slowest_us ? took_us : posting->slowest_us;
    posting->answered++;
    posting->refused += strncmp(client->answer, "HTTP/1.1 204 ", 13) != 0;
}

/* An answer that is more than a head ends the connection: it is none that is wanted. */
static void read_answer(struct posting *posting, struct client *client)
{
    ssize_t got = recv(client->fd, client->answer + client->len, ANSWER_MAX - 1 - client->len, 0);
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got > 0) {
        client->len += (size_t)got;
        client->answer[client->len] = '\0';
        if (strstr(client->answer, "\r\n\r\n") == NULL && client->len < ANSWER_MAX - 1) {
            return;
        }
        count_answer(posting, client);
        if (strcmp(client->answer + client->len - 4, "\r\n\r\n") == 0) {
            request_send(posting, client);
            return;
        }
    } else {
        posting->broken++;
    }
    client_close(client);
    client_open(posting, client);
    request_send(posting, client);
}

static void find_stalls(struct posting *posting)
{
    uint64_t at_us = now_us();
    for (unsigned i = 0; i < posting->active; i++) {
        struct client *client = &posting->clients[i];
        if (!client->is_told && at_us > client->since_us + STALL_US) {
            client->is_told = true;
            posting->stalls++;
            posting->stalled_at = posting->stalled_at == 0 ? posting->active : posting->stalled_at;
        }
    }
}

/* ---- those who do not ---- */

static void on_held(struct posting *posting, struct client *client)
{
    char rest[ANSWER_MAX];
    ssize_t got = recv(client->fd, rest, sizeof(rest), 0);
    if (got > 0 || (got < 0 && errno == EAGAIN)) {
        return;
    }
    client_close(client); /* opened again with the next byte of the slow ones */
    posting->reopened++;
}

static void feed_slow(struct posting *posting)
{
    for (unsigned i = 0; i < posting->held; i++) {
        struct client *client = &posting->holders[i];
        if (client->fd < 0) {
            client_open(posting, client);
        }
        if (client->is_slow) {
            char byte = client->sent < sizeof(slow_head) - 1 ? slow_head[client->sent] : 'x';
            client->sent += send(client->fd, &byte, 1, MSG_NOSIGNAL) == 1;
        }
    }
}

/* ---- all of it ---- */

static void turn(struct posting *posting, uint64_t *check_us, uint64_t *slow_us)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(posting->epoll, events, EVENTS, 20);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        if (client->is_held) {
            on_held(posting, client);
        } else {
            read_answer(posting, client);
        }
    }
    uint64_t at_us = now_us();
    if (at_us >= *check_us) {
        find_stalls(posting);
        *check_us = at_us + CHECK_US;
    }
    if (at_us >= *slow_us) {
        feed_slow(posting);
        *slow_us = at_us + SLOW_US;
    }
}

static void run(struct posting *posting, unsigned first, unsigned last, unsigned step,
                uint64_t each_us)
{
    uint64_t check_us = 0;
    uint64_t slow_us = 0;
    for (unsigned wanted = first; wanted <= last; wanted += step) {
        for (; posting->active < wanted; posting->active++) {
            client_open(posting, &posting->clients[posting->active]);
            request_send(posting, &posting->clients[posting->active]);
        }
        uint64_t end_us = now_us() + each_us;
        while (now_us() < end_us) {
            turn(posting, &check_us, &slow_us);
        }
    }
    /* Whoever waits now is given his second. */
    uint64_t end_us = now_us() + STALL_US + 2 * CHECK_US;
    while (now_us() < end_us) {
        turn(posting, &check_us, &slow_us);
    }
    find_stalls(posting);
}

static double percentile_ms(const struct posting *posting, double part)
{
    uint64_t below = 0;
    unsigned slot = 0;
    while (slot < SLOTS - 1 &&
           (double)(below += posting->slots[slot]) < (double)posting->answered * part) {
        slot++;
    }
    return (slot + 1.0) / SLOTS_PER_MS;
}

static void read_tokens(struct posting *posting, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        give_up(path);
    }
    posting->token_count = (size_t)ftell(file) / TOKEN_LINE;
    rewind(file);
    posting->tokens = malloc(posting->token_count * TOKEN_LINE + 1);
    if (posting->tokens == NULL || posting->token_count == 0 ||
        fread(posting->tokens, TOKEN_LINE, posting->token_count, file) != posting->token_count) {
        give_up(path);
    }
    (void)fclose(file);
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    static struct posting posting;
    if (argc != 11 || number(argv[5]) == 0 || number(argv[5]) > number(argv[6]) ||
        number(argv[6]) > CONNECTIONS_MAX || number(argv[7]) == 0 ||
        number(argv[9]) + number(argv[10]) > HELD_MAX) {
        fprintf(stderr, "usage: bench_post_receipts PORT TOKENS PREFIX QUERY FIRST LAST STEP "
                        "EACH_MS IDLE SLOW\n");
        return 2;
    }
    posting.address.sin_family = AF_INET;
    posting.address.sin_port = htons((uint16_t)number(argv[1]));
    posting.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    posting.epoll = epoll_create1(0);
    posting.prefix = argv[3];
    posting.query = argv[4];
    posting.clients = calloc(CONNECTIONS_MAX, sizeof(*posting.clients));
    posting.holders = calloc(HELD_MAX, sizeof(*posting.holders));
    posting.slots = calloc(SLOTS, sizeof(*posting.slots));
    if (posting.epoll < 0 || posting.clients == NULL || posting.holders == NULL ||
        posting.slots == NULL) {
        give_up("no room");
    }
    read_tokens(&posting, argv[2]);
    for (; posting.held < number(argv[9]) + number(argv[10]); posting.held++) {
        struct client *client = &posting.holders[posting.held];
        client->is_held = true;
        client->is_slow = posting.held >= number(argv[9]);
        client_open(&posting, client);
    }
    uint64_t began_us = now_us();
    run(&posting, number(argv[5]), number(argv[6]), number(argv[7]),
        (uint64_t)number(argv[8]) * 1000);
    printf("{\"stalls\":%" PRIu64 ",\"turned_away\":%" PRIu64
           ",\"stalled_at\":%u,\"answered\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"broken\":%" PRIu64
           ",\"reopened\":%" PRIu64 ",\"seconds\":%.3f,\"p99_ms\":%.1f,"
           "\"max_ms\":%.1f}\n",
           posting.stalls, posting.turned_away, posting.stalled_at, posting.answered,
           posting.refused, posting.broken, posting.reopened, (double)(now_us() - began_us) / 1e6,
           percentile_ms(&posting, 0.99), (double)posting.slowest_us / 1e3);
    return EXIT_SUCCESS;
}
