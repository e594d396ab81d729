/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker's core costs for one recipient: batches of whole pages go through delivery with
 * a shell that accepts everything at once and confirms every outcome. No socket, no loop.
 *
 *     bench_micro_delivery [RECIPIENTS] [raw|lz4|zstd]
 *
 * Reports CPU time a recipient, and beside it the floors measured in the same run: opening the
 * pages, writing the tokens, filling the template.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zstd.h>

#include "common/log.h"
#include "common/mem.h"
#include "proto/page.h"
#include "proto/token.h"
#include "worker/delivery.h"
#include "worker/render.h"

#define BENCH_PAGES  64 /* different ones, taken in turn */
#define BENCH_CREDIT 64 /* pages in hand */

static const char *const column_names[] = {"id",         "phone",   "email",   "locale",
                                           "first_name", "account", "deadline"};
static const enum page_field column_fields[] = {
    PAGE_FIELD_KEY,      PAGE_FIELD_PHONE,    PAGE_FIELD_EMAIL,   PAGE_FIELD_LOCALE,
    PAGE_FIELD_VARIABLE, PAGE_FIELD_VARIABLE, PAGE_FIELD_VARIABLE};
enum { BENCH_COLUMNS = sizeof(column_names) / sizeof(column_names[0]) };

static const char text[] =
    "Dear {{first_name}}, account {{account}} was part of a breach. Please change your password "
    "before {{deadline}}. See https://n.example/{{token}}";

struct bench {
    struct delivery *delivery;
    struct page_schema schema;
    struct buf pages[BENCH_PAGES];
    uint32_t in_hand;
    uint64_t accepted;
    uint64_t messages;
    uint64_t to_confirm; /* number of the newest OUTCOMES message */
    uint64_t confirmed;
    bool is_asked; /* for content */
};

static double cpu_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool bench_send(void *arg, const struct wire_message *message)
{
    struct bench *bench = arg;
    if (message->type == WIRE_OUTCOMES) {
        for (unsigned g = 0; g < message->outcomes.group_count; g++) {
            const struct wire_outcome_group *group = &message->outcomes.groups[g];
            for (unsigned r = 0; r < group->run_count; r++) {
                bench->in_hand -= group->runs[r].span;
                bench->accepted += group->runs[r].span;
            }
        }
        bench->messages++;
        bench->to_confirm = message->outcomes.seq;
    }
    bench->is_asked |= message->type == WIRE_CONTENT_REQUEST;
    return true;
}

static enum err bench_open_provider(void *arg, const struct wire_provider *provider,
                                    struct problem *problem)
{
    (void)arg;
    (void)provider;
    (void)problem;
    return ERR_OK;
}

static uint32_t bench_concurrency(void *arg, uint8_t provider)
{
    (void)arg;
    (void)provider;
    return 4096;
}

static void bench_start(void *arg, const struct attempt *attempt)
{
    struct bench *bench = arg;
    const struct attempt_result result = {.outcome = OUTCOME_ACCEPTED};
    delivery_on_result(bench->delivery, attempt->id, &result, 1000);
}

static void make_pages(struct bench *bench, enum page_codec codec)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, BENCH_COLUMNS);
    for (unsigned p = 0; p < BENCH_PAGES; p++) {
        page_builder_clear(&builder);
        for (unsigned i = 0; i < PAGE_RECIPIENTS; i++) {
            char values[BENCH_COLUMNS][48];
            unsigned n = p * PAGE_RECIPIENTS + i;
            uint32_t dice = randombytes_uniform(1000000);
            (void)snprintf(values[0], sizeof(values[0]), "cust-%08u", n);
            (void)snprintf(values[1], sizeof(values[1]), "+49151%08u",
                           randombytes_uniform(100000000));
            (void)snprintf(values[2], sizeof(values[2]), "user%u@mail%u.example", n, dice % 50);
            (void)snprintf(values[3], sizeof(values[3]), "%s", dice % 3 == 0 ? "en" : "de");
            (void)snprintf(values[4], sizeof(values[4]), "Name%u", dice % 700);
            (void)snprintf(values[5], sizeof(values[5]), "DE%06u", dice);
            (void)snprintf(values[6], sizeof(values[6]), "2026-12-%02u", 1 + dice % 28);
            struct slice slices[BENCH_COLUMNS];
            for (unsigned c = 0; c < BENCH_COLUMNS; c++) {
                slices[c] = slice_str(values[c]);
            }
            (void)page_builder_add(&builder, slices);
        }
        page_seal(&builder, codec, NULL, &scratch, &bench->pages[p]);
    }
    bench->schema.count = BENCH_COLUMNS;
    for (unsigned c = 0; c < BENCH_COLUMNS; c++) {
        bench->schema.columns[c].field = column_fields[c];
        (void)snprintf(bench->schema.columns[c].name, sizeof(bench->schema.columns[c].name), "%s",
                       column_names[c]);
    }
    buf_release(&scratch);
    page_builder_release(&builder);
}

static const struct wire_body body = {
    .channel = CHANNEL_SMS, .locale = "", .subject = "", .text = text, .html = ""};

static struct wire_content bench_content(const struct bench *bench)
{
    return (struct wire_content){.epoch = 1,
                                 .campaign = 7,
                                 .name = "bench",
                                 .schema = bench->schema,
                                 .body_count = 1,
                                 .bodies = &body};
}

static void bench_welcome(struct bench *bench)
{
    static const struct wire_provider provider = {
        .id = 0, .name = "null", .channel = CHANNEL_SMS, .adapter = "null", .settings = "{}"};
    const struct wire_message welcome = {
        .type = WIRE_WELCOME,
        .welcome = {.version = WIRE_VERSION,
                    .epoch = 1,
                    .heartbeat_ms = 1000,
                    .lease_ms = 30000,
                    .provider_count = 1,
                    .providers = &provider},
    };
    delivery_connect(bench->delivery, 1000);
    delivery_on_message(bench->delivery, &welcome, 1000);
}

static void give_batch(struct bench *bench, uint64_t lease)
{
    const struct wire_message batch = {
        .type = WIRE_BATCH,
        .batch = {.epoch = 1,
                  .instance = 1,
                  .lease = lease,
                  .campaign = 7,
                  .page = (uint32_t)lease,
                  .count = PAGE_RECIPIENTS,
                  .whole = true,
                  .page_bytes = buf_view(&bench->pages[lease % BENCH_PAGES])},
    };
    bench->in_hand += PAGE_RECIPIENTS;
    delivery_on_message(bench->delivery, &batch, 1000);
}

static void give_answers(struct bench *bench)
{
    if (bench->is_asked) {
        const struct wire_message content = {.type = WIRE_CONTENT, .content = bench_content(bench)};
        delivery_on_message(bench->delivery, &content, 1000);
        bench->is_asked = false;
    }
    while (bench->confirmed < bench->to_confirm) {
        const struct wire_message durable = {
            .type = WIRE_OUTCOMES_DURABLE,
            .outcomes_durable = {.epoch = 1, .instance = 1, .seq = ++bench->confirmed},
        };
        delivery_on_message(bench->delivery, &durable, 1000);
    }
}

static double run_delivery(struct bench *bench, uint64_t recipients)
{
    const struct delivery_settings settings = {.name = "w1", .build = "bench", .instance = 1};
    const struct delivery_shell shell = {.arg = bench,
                                         .send = bench_send,
                                         .open_provider = bench_open_provider,
                                         .concurrency = bench_concurrency,
                                         .start = bench_start};
    bench->delivery = delivery_new(&settings, &shell);
    bench_welcome(bench);
    uint64_t pages = recipients / PAGE_RECIPIENTS;
    uint64_t lease = 0;
    uint64_t now_ms = 1000;
    double from_s = cpu_s();
    while (bench->accepted < pages * PAGE_RECIPIENTS) {
        while (lease < pages && bench->in_hand < BENCH_CREDIT * PAGE_RECIPIENTS) {
            give_batch(bench, ++lease);
        }
        now_ms += delivery_run(bench->delivery, now_ms);
        give_answers(bench);
    }
    double took_s = cpu_s() - from_s;
    delivery_free(bench->delivery);
    return took_s;
}

static double run_open(const struct bench *bench, uint64_t recipients)
{
    struct page_view view = {0};
    ZSTD_DCtx *context = ZSTD_createDCtx();
    double from_s = cpu_s();
    for (uint64_t p = 0; p < recipients / PAGE_RECIPIENTS; p++) {
        if (page_open(&view, buf_view(&bench->pages[p % BENCH_PAGES]), context) != ERR_OK) {
            abort();
        }
    }
    double took_s = cpu_s() - from_s;
    (void)ZSTD_freeDCtx(context);
    page_view_release(&view);
    return took_s;
}

static double run_token(uint64_t recipients)
{
    static const uint8_t key[HASH_KEY_BYTES] = {1, 2, 3};
    char token[TOKEN_CHARS];
    double from_s = cpu_s();
    for (uint64_t i = 0; i < recipients; i++) {
        const struct token plain = {.campaign = 7, .ordinal = (uint32_t)i};
        token_write(&plain, key, token);
        __asm__ volatile("" : : "r"(token) : "memory");
    }
    return cpu_s() - from_s;
}

static double run_render(const struct bench *bench, uint64_t recipients)
{
    const struct wire_content content = bench_content(bench);
    struct render *render = NULL;
    struct page_view view = {0};
    if (render_new(&render, &content, NULL) != ERR_OK ||
        page_open(&view, buf_view(&bench->pages[0]), NULL) != ERR_OK) {
        abort();
    }
    const struct render_row row = {render, &view, "tokentokentokentokentokentokento", 0};
    struct buf texts = {0};
    double from_s = cpu_s();
    for (uint64_t i = 0; i < recipients; i++) {
        struct render_texts filled;
        page_seek(&view, (unsigned)(i % PAGE_RECIPIENTS));
        if (render_fill(render_body_for(render, CHANNEL_SMS, &view), &row, &texts, &filled) >= 0) {
            abort();
        }
    }
    double took_s = cpu_s() - from_s;
    buf_release(&texts);
    page_view_release(&view);
    render_free(render);
    return took_s;
}

static enum page_codec codec_of(const char *name)
{
    if (strcmp(name, "raw") == 0) {
        return PAGE_RAW;
    }
    return strcmp(name, "lz4") == 0 ? PAGE_LZ4 : PAGE_ZSTD;
}

int main(int argc, char **argv)
{
    uint64_t recipients = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    const char *codec = argc > 2 ? argv[2] : "zstd";
    recipients -= recipients % PAGE_RECIPIENTS;
    if (sodium_init() < 0 || recipients == 0) {
        return 2;
    }
    log_init(LOG_WARN, 2);
    struct bench *bench = mem_zalloc(1, sizeof(*bench));
    make_pages(bench, codec_of(codec));
    double per = 1e6 / (double)recipients;
    double open_us = run_open(bench, recipients) * per;
    double token_us = run_token(recipients) * per;
    double render_us = run_render(bench, recipients) * per;
    double all_us = run_delivery(bench, recipients) * per;
    printf("recipients %" PRIu64 ", codec %s, %.1f bytes a recipient, %" PRIu64 " messages\n",
           recipients, codec, (double)bench->pages[0].len / PAGE_RECIPIENTS, bench->messages);
    printf("delivery      %.4f us a recipient, %.2f M/s\n", all_us, 1 / all_us);
    printf("  page open   %.4f\n  token       %.4f\n  seek, render %.4f\n  the rest    %.4f\n",
           open_us, token_us, render_us, all_us - open_us - token_us - render_us);
    /* What no worker can do without: the floor of `bench/run engine`. */
    double floor_us = open_us + token_us + render_us;
    printf("{\"count\":%" PRIu64 ",\"per_s\":%.0f,\"cpu_us\":%.0f,\"delivery_per_s\":%.0f}\n",
           recipients, 1e6 / floor_us, floor_us * (double)recipients, 1e6 / all_us);
    for (unsigned p = 0; p < BENCH_PAGES; p++) {
        buf_release(&bench->pages[p]);
    }
    mem_free(bench);
    return 0;
}
