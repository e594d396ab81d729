/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to take in an audience: rows made in memory go through an import into RocksDB,
 * sealed, checked for duplicates, indexed and durable. No HTTP.
 *
 *     bench_ingest_pipeline [--rows N] [--ndjson] [--quoted] [--lz4|--raw] [--threads N]
 * [--duplicates PERCENT]
 *                           [--dir DIR] [--piece BYTES]
 *
 * A row has six columns and 70 to 80 bytes. One million rows are made before the clock starts; of
 * each further million only the keys are changed, and the CPU time of that is not counted.
 */
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/audience/audience.h"

enum { ROWS_MADE = 1000000, KEY_DIGITS = 10, MILLIONS_DIGITS = 4 };

struct options {
    uint64_t rows;
    bool is_ndjson;
    bool is_quoted;
    enum page_codec codec;
    unsigned threads;
    unsigned duplicates; /* percent */
    size_t piece;
    const char *dir;
};

struct bench {
    struct options options;
    struct buf text; /* header and ROWS_MADE rows, or fewer */
    size_t header;
    size_t *keys; /* where the key of each row stands in text */
    size_t at;
    uint64_t made; /* rows of the millions before this one */
    struct audience_import *import;
    uv_idle_t idle;
    bool is_done;
    bool is_ended;
    double patch_s;
    struct audience_info info;
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static long status_kb(const char *name)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kb = strtol(line + strlen(name), NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kb;
}

/* Rows */

static uint32_t roll(uint64_t *dice, uint32_t sides)
{
    *dice = *dice * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((*dice >> 32) % sides);
}

static const char *const first_names[] = {
    "Anna",  "Bernd", "Clara", "David", "Emma", "Finn", "Greta", "Hugo",  "Ida",  "Jonas",
    "Klara", "Lukas", "Maria", "Noah",  "Olga", "Paul", "Rosa",  "Simon", "Tina", "Ursula"};
static const char *const last_names[] = {
    "mueller", "schmidt", "fischer", "weber", "meyer", "wagner",  "becker", "schulz", "hoffmann",
    "koch",    "bauer",   "richter", "klein", "wolf",  "neumann", "braun",  "lange",  "krause"};
static const char *const domains[] = {"example.com", "example.org", "mail.example.net",
                                      "post.example"};
static const char *const locales[] = {"de-DE", "en-GB", "fr-FR", "tr-TR"};

#define PICK(dice, list) list[roll(dice, sizeof(list) / sizeof(list[0]))]

/* What a row says, beside its key. */
struct person {
    const char *first;
    const char *last;
    const char *domain;
    const char *locale;
    uint32_t number;
    uint32_t phone;
    uint32_t cents;
};

/* Appends the row and returns where in it the key stands. */
static size_t write_row(const struct bench *bench, struct buf *text, uint32_t key,
                        const struct person *person)
{
    const char *q = bench->options.is_quoted ? "\"" : "";
    if (bench->options.is_ndjson) {
        buf_printf(text, "{\"id\":\"%010u\",\"email\":\"%s.%s%u@%s\",\"phone\":\"+4917%u\",", key,
                   person->first, person->last, person->number, person->domain, person->phone);
        buf_printf(text, "\"locale\":\"%s\",\"first_name\":\"%s\",\"amount\":%u.%02u}\n",
                   person->locale, person->first, person->cents / 100, person->cents % 100);
        return strlen("{\"id\":\"");
    }
    buf_printf(text, "%s%010u%s,%s%s.%s%u@%s%s,%s+4917%u%s,", q, key, q, q, person->first,
               person->last, person->number, person->domain, q, q, person->phone, q);
    buf_printf(text, "%s%s%s,%s%s%s,%s%u.%02u%s\n", q, person->locale, q, q, person->first, q, q,
               person->cents / 100, person->cents % 100, q);
    return strlen(q);
}

static void make_row(struct bench *bench, uint64_t *dice, uint32_t number)
{
    struct person person = {
        .first = PICK(dice, first_names),
        .last = PICK(dice, last_names),
        .domain = PICK(dice, domains),
        .locale = PICK(dice, locales),
        .number = roll(dice, 10000),
        .phone = 10000000 + roll(dice, 89999999),
        .cents = roll(dice, 1000000),
    };
    /* A duplicate repeats the key of the first row of its thousand. */
    bool is_again = roll(dice, 100) < bench->options.duplicates;
    size_t from = bench->text.len;
    bench->keys[number] =
        from + write_row(bench, &bench->text, is_again ? number - number % 1000 : number, &person);
}

static void make_rows(struct bench *bench)
{
    uint64_t dice = 1;
    bench->keys = mem_zalloc(ROWS_MADE, sizeof(*bench->keys));
    if (!bench->options.is_ndjson) {
        buf_str(&bench->text, "id,email,phone,locale,first_name,amount\n");
    }
    bench->header = bench->text.len;
    for (uint32_t i = 0; i < ROWS_MADE && i < bench->options.rows; i++) {
        make_row(bench, &dice, i);
    }
}

/* The next million: the first digits of the keys change. */
static void patch_keys(struct bench *bench)
{
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    char digits[MILLIONS_DIGITS + 1];
    bench->made += ROWS_MADE;
    snprintf(digits, sizeof(digits), "%0*u", MILLIONS_DIGITS,
             (unsigned)(bench->made / ROWS_MADE % 10000));
    for (uint32_t i = 0; i < ROWS_MADE; i++) {
        memcpy(bench->text.data + bench->keys[i], digits, MILLIONS_DIGITS);
    }
    bench->at = bench->header;
    bench->patch_s += seconds(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* Feeding */

static size_t text_end(const struct bench *bench)
{
    uint64_t left = bench->options.rows - bench->made;
    return left >= ROWS_MADE ? bench->text.len
                             : bench->keys[left] - (bench->keys[0] - bench->header);
}

static void on_idle(uv_idle_t *idle)
{
    struct bench *bench = idle->data;
    for (;;) {
        size_t left = text_end(bench) - bench->at;
        if (left == 0) {
            if (bench->made + ROWS_MADE >= bench->options.rows) {
                bench->is_ended = true;
                audience_import_end(bench->import);
                uv_idle_stop(idle);
                return;
            }
            patch_keys(bench);
            continue;
        }
        size_t len = left < bench->options.piece ? left : bench->options.piece;
        struct slice piece = slice_of(bench->text.data + bench->at, len);
        bench->at += len;
        if (!audience_import_feed(bench->import, piece)) {
            uv_idle_stop(idle);
            return;
        }
    }
}

static void on_room(void *arg)
{
    struct bench *bench = arg;
    if (!bench->is_ended) {
        uv_idle_start(&bench->idle, on_idle);
    }
}

static void on_done(void *arg, const struct audience_info *info, const struct problem *problem)
{
    struct bench *bench = arg;
    bench->is_done = true;
    uv_close((uv_handle_t *)&bench->idle, NULL);
    if (info == NULL) {
        fprintf(stderr, "%s\n", problem->text);
        exit(EXIT_FAILURE);
    }
    bench->info = *info;
}

static void run(struct bench *bench, struct ledger *ledger)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    uv_idle_init(&loop, &bench->idle);
    bench->idle.data = bench;
    struct audience_settings settings = {
        .id = 1,
        .name = "bench",
        .format = bench->options.is_ndjson ? AUDIENCE_NDJSON : AUDIENCE_CSV,
        .on_error = AUDIENCE_STOP,
        .codec = bench->options.codec,
        .threads = bench->options.threads,
    };
    bench->import = audience_import_new(ledger, &loop, &settings, on_room, on_done, bench);
    uv_idle_start(&bench->idle, on_idle);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

/* Report */

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void measure(struct bench *bench, struct ledger *ledger)
{
    make_rows(bench);
    long rss = status_kb("VmRSS:");
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    run(bench, ledger);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu - bench->patch_s;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double rows = (double)bench->info.rows;
    printf("rows %" PRIu64 "  accepted %" PRIu64 "  duplicates %" PRIu64 "\n", bench->info.rows,
           bench->info.accepted, bench->info.duplicates);
    printf("wall %.2f s (making rows %.2f s of it)  %.2f M rows/s\n", wall, bench->patch_s,
           rows / (wall - bench->patch_s) / 1e6);
    printf("CPU %.3f us a row  (system %.2f s in all)  two full cores would do %.2f M rows/s\n",
           cpu / rows * 1e6, (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec * 1e-6,
           2 * rows / cpu / 1e6);
    printf("pages %.1f bytes a recipient, rows %.1f bytes\n",
           (double)bench->info.page_bytes / (double)bench->info.slots,
           (double)(bench->text.len - bench->header) /
               (double)(bench->options.rows < ROWS_MADE ? bench->options.rows : ROWS_MADE));
    printf("memory %ld MB over %ld MB before\n", (usage.ru_maxrss - rss) / 1024, rss / 1024);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"rows", 1, NULL, 'n'}, {"ndjson", 0, NULL, 'j'},     {"quoted", 0, NULL, 'q'},
        {"lz4", 0, NULL, 'l'},  {"raw", 0, NULL, 'r'},        {"threads", 1, NULL, 't'},
        {"dir", 1, NULL, 'd'},  {"duplicates", 1, NULL, 'u'}, {"piece", 1, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'n':
            options->rows = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            options->is_ndjson = true;
            break;
        case 'q':
            options->is_quoted = true;
            break;
        case 'l':
            options->codec = PAGE_LZ4;
            break;
        case 'r':
            options->codec = PAGE_RAW;
            break;
        case 't':
            options->threads = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            options->dir = optarg;
            break;
        case 'u':
            options->duplicates = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'p':
            options->piece = strtoull(optarg, NULL, 10);
            break;
        default:
            exit(EXIT_FAILURE);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {
        .options = {.rows = 10000000, .codec = PAGE_ZSTD, .piece = 32768, .dir = "/var/tmp"}};
    parse_options(&bench.options, argc, argv);
    log_init(LOG_WARN, STDERR_FILENO);
    if (sodium_init() < 0 || bench.options.rows == 0 || bench.options.piece == 0) {
        return EXIT_FAILURE;
    }
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/tocsin-bench-XXXXXX", bench.options.dir);
    struct store *store = NULL;
    struct ledger *ledger = NULL;
    struct problem problem;
    if (mkdtemp(dir) == NULL) {
        perror(dir);
        return EXIT_FAILURE;
    }
    struct store_rocks_settings settings = {.dir = dir, .create = true};
    if (store_rocks_open(&store, &settings, &problem) != ERR_OK ||
        ledger_open(&ledger, store, &problem) != ERR_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return EXIT_FAILURE;
    }
    measure(&bench, ledger);
    ledger_close(ledger);
    (void)nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    buf_release(&bench.text);
    mem_free(bench.keys);
    return EXIT_SUCCESS;
}
