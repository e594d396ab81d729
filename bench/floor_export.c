/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of the benchmark `export`: what cannot be left out. Reads and opens the same sealed
 * pages and the blocks of the same journal, and writes as many bytes to a socket over loopback,
 * whose other end throws them away in a thread of its own; but folds nothing and writes no line.
 *
 *     bench_floor_export DIR AUDIENCE CAMPAIGN BYTES
 *
 * DIR is the store of a coordinator that has ended. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/store.h"
#include "proto/page.h"

#define PIECE ((size_t)256 * 1024)

static void fail(const char *what)
{
    (void)fprintf(stderr, "floor_export: %s\n", what);
    exit(1);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *drain(void *arg)
{
    static uint8_t piece[1 << 20];
    int fd = *(const int *)arg;
    while (read(fd, piece, sizeof(piece)) > 0) {
    }
    return NULL;
}

/* Two ends of a connection over loopback. */
static void connect_ends(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listening, (struct sockaddr *)&address, len) != 0 || listen(listening, 1) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &len) != 0 ||
        connect(ends[0], (struct sockaddr *)&address, len) != 0) {
        fail("no connection over loopback");
    }
    ends[1] = accept(listening, NULL, NULL);
    (void)close(listening);
}

static void send_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(fd, bytes, len);
        if (sent <= 0) {
            fail("the connection broke");
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

static bool pass_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    (void)page;
    (void)recno;
    *(size_t *)arg += bytes.len;
    return true;
}

/* Recipients read. */
static uint64_t run(struct ledger *ledger, uint64_t audience, uint64_t campaign, size_t bytes,
                    uint32_t pages, int fd)
{
    static uint8_t piece[PIECE];
    struct page_view view = {0};
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t sent = 0;
    size_t journal = 0;
    uint64_t recipients = 0;
    memset(piece, 'x', sizeof(piece));
    for (uint32_t page = 0; page < pages; page++) {
        struct store_value value = {0};
        if (ledger_each_block_of_page(ledger, campaign, page, pass_block, &journal) != ERR_OK ||
            ledger_page(ledger, audience, page, &value) != ERR_OK ||
            page_open(&view, value.bytes, context) != ERR_OK) {
            fail("a page cannot be read");
        }
        recipients += view.count;
        store_value_release(&value);
        size_t until = (size_t)((double)bytes * (page + 1) / pages);
        while (until - sent >= sizeof(piece)) {
            send_all(fd, piece, sizeof(piece));
            sent += sizeof(piece);
        }
    }
    for (; sent < bytes; sent += bytes - sent < PIECE ? bytes - sent : PIECE) {
        send_all(fd, piece, bytes - sent < PIECE ? bytes - sent : PIECE);
    }
    ZSTD_freeDCtx(context);
    page_view_release(&view);
    return recipients;
}

static uint32_t count_pages(struct ledger *ledger, uint64_t audience)
{
    uint32_t pages = 0;
    struct store_value value = {0};
    while (ledger_page(ledger, audience, pages, &value) == ERR_OK) {
        store_value_release(&value);
        pages++;
    }
    return pages;
}

int main(int argc, char **argv)
{
    struct store *store = NULL;
    struct ledger *ledger = NULL;
    struct problem problem = {0};
    if (argc != 5) {
        fail("usage: bench_floor_export DIR AUDIENCE CAMPAIGN BYTES");
    }
    const struct store_rocks_settings settings = {.dir = argv[1], .read_only = true};
    if (store_rocks_open(&store, &settings, &problem) != ERR_OK ||
        ledger_open(&ledger, store, &problem) != ERR_OK) {
        fail(problem.text);
    }
    uint64_t audience = strtoull(argv[2], NULL, 10);
    uint32_t pages = count_pages(ledger, audience);
    int ends[2];
    pthread_t reader;
    connect_ends(ends);
    (void)pthread_create(&reader, NULL, drain, &ends[1]);
    double began = seconds_of(CLOCK_MONOTONIC);
    double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    uint64_t recipients = run(ledger, audience, strtoull(argv[3], NULL, 10),
                              strtoull(argv[4], NULL, 10), pages, ends[0]);
    cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    (void)close(ends[0]);
    (void)pthread_join(reader, NULL);
    double seconds = seconds_of(CLOCK_MONOTONIC) - began;
    (void)close(ends[1]);
    ledger_close(ledger);
    printf("{\"count\":%llu,\"per_s\":%.0f,\"cpu_us\":%.4f}\n", (unsigned long long)recipients,
           (double)recipients / seconds, cpu * 1e6 / (double)recipients);
    return 0;
}
