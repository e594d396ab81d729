/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/curl_floor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define FDS_MAX    4096

struct slot {
    CURL *easy;
    unsigned number;
};

struct run {
    const struct curl_floor *floor;
    CURLM *multi;
    int epoll;
    uint32_t watched[FDS_MAX]; /* events in the epoll set, by descriptor */
    long timeout_ms;           /* what libcurl waits for; -1: nothing */
    uint64_t started;
    struct curl_floor_figures figures;
};

double curl_floor_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double curl_floor_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    (void)easy;
    (void)assigned;
    struct run *run = arg;
    if (what == CURL_POLL_REMOVE) {
        return 0;
    }
    uint32_t events = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                      ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
    if (fd < FDS_MAX && run->watched[fd] != events) {
        struct epoll_event event = {.events = events, .data.fd = fd};
        epoll_ctl(run->epoll, run->watched[fd] != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
        run->watched[fd] = events;
    }
    return 0;
}

static int on_close(void *arg, curl_socket_t fd)
{
    struct run *run = arg;
    if (fd < FDS_MAX) {
        run->watched[fd] = 0;
    }
    return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct run *run = arg;
    run->timeout_ms = timeout_ms;
    return 0;
}

static size_t on_body(char *bytes, /* NOLINT(readability-non-const-parameter): libcurl's */
                      size_t size, size_t count, void *arg)
{
    (void)bytes;
    (void)arg;
    return size * count;
}

static void start(struct run *run, const struct slot *slot)
{
    if (run->floor->again != NULL) {
        run->floor->again(run->floor->arg, slot->number);
    }
    run->started++;
    curl_multi_add_handle(run->multi, slot->easy);
}

static void drain(struct run *run)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(run->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        run->figures.failed += message->data.result != CURLE_OK || status < 200 || status > 299;
        run->figures.count++;
        curl_multi_remove_handle(run->multi, easy);
        struct slot *slot;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
        if (run->started < run->floor->count) {
            start(run, slot);
        }
    }
}

static void turn(struct run *run)
{
    int running;
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(run->epoll, events, EVENTS_MAX,
                           run->timeout_ms < 0 ? 1000 : (int)run->timeout_ms);
    for (int i = 0; i < count; i++) {
        int flags = ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                    ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 ? CURL_CSELECT_IN : 0);
        curl_multi_socket_action(run->multi, events[i].data.fd, flags, &running);
        drain(run);
    }
    if (run->timeout_ms == 0 || (count == 0 && run->timeout_ms > 0)) {
        run->timeout_ms = -1;
        curl_multi_socket_action(run->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        drain(run);
    }
}

static void slot_init(struct slot *slot, struct run *run, unsigned i)
{
    CURL *easy = curl_easy_init();
    slot->easy = easy;
    slot->number = i;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, run);
    run->floor->prepare(run->floor->arg, easy, i);
}

struct curl_floor_figures curl_floor_run(const struct curl_floor *floor)
{
    struct run *run = calloc(1, sizeof(*run));
    struct slot *slots = calloc(floor->connections, sizeof(struct slot));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run->floor = floor;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->timeout_ms = -1;
    run->multi = curl_multi_init();
    curl_multi_setopt(run->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(run->multi, CURLMOPT_SOCKETDATA, run);
    curl_multi_setopt(run->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(run->multi, CURLMOPT_TIMERDATA, run);
    curl_multi_setopt(run->multi, CURLMOPT_MAXCONNECTS, (long)floor->connections);
    if (floor->prepare_multi != NULL) {
        floor->prepare_multi(floor->arg, run->multi);
    }
    double cpu_us = curl_floor_cpu_us();
    double from = curl_floor_now_s();
    for (unsigned i = 0; i < floor->connections; i++) {
        slot_init(&slots[i], run, i);
        if (run->started < floor->count) {
            start(run, &slots[i]);
        }
    }
    while (run->figures.count < floor->count) {
        turn(run);
    }
    run->figures.seconds = curl_floor_now_s() - from;
    run->figures.cpu_us = curl_floor_cpu_us() - cpu_us;
    for (unsigned i = 0; i < floor->connections; i++) {
        curl_easy_cleanup(slots[i].easy);
    }
    curl_multi_cleanup(run->multi);
    close(run->epoll);
    struct curl_floor_figures figures = run->figures;
    free(slots);
    free(run);
    return figures;
}

void curl_floor_print(const struct curl_floor_figures *figures)
{
    printf("{\"count\":%" PRIu64 ",\"failed\":%" PRIu64
           ",\"seconds\":%.3f,\"per_s\":%.0f,\"cpu_us\":%.0f}\n",
           figures->count, figures->failed, figures->seconds,
           (double)figures->count / figures->seconds, figures->cpu_us);
}
