/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin export: asks for all deliveries of a campaign, and for the rest when the connection
 * breaks, until the last line has come.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/export_lines.h"
#include "cli/human.h"
#include "common/clock.h"
#include "common/interrupt.h"
#include "common/text.h"

#define SNAPSHOT_MAX  100
#define REDRAW_MS     150
#define PATIENCE_MS   30000 /* without a line, before it is given up */
#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS   4000

struct export_run {
    struct cli *cli;
    const struct arguments *arguments;
    struct export_lines lines;
    char snapshot[SNAPSHOT_MAX + 1];
    const char *path; /* of the file; NULL: standard output */
    struct buf part;  /* where it is written until it is whole */
    FILE *file;
    uint64_t bytes;
    uint64_t started_ms;
    uint64_t drawn_ms;
    enum err err; /* of what came, or of the file */
    struct problem problem;
};

/* ---- what is asked for ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = text == NULL ? 0 : strlen(text);
    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static bool is_csv(const struct arguments *arguments)
{
    const char *format = arguments_value(arguments, "format");
    const char *path = arguments_value(arguments, "output");
    return format != NULL ? strcmp(format, "csv") == 0
                          : ends_with(path, ".csv") || ends_with(path, ".csv.zst");
}

static void put_option(struct buf *path, const struct arguments *arguments, const char *name)
{
    const char *value = arguments_value(arguments, name);
    if (value != NULL) {
        buf_printf(path, "&%s=", name);
        text_url_encode(path, slice_str(value));
    }
}

static void request_path(const struct export_run *run, struct buf *path)
{
    buf_str(path, "/v1/campaigns/");
    text_url_encode(path, slice_str(run->arguments->operands[0]));
    buf_printf(path, "/export?format=%s&compress=%s&end_line=yes",
               run->lines.is_csv ? "csv" : "ndjson", run->lines.is_zstd ? "zstd" : "none");
    put_option(path, run->arguments, "state");
    put_option(path, run->arguments, "channel");
    put_option(path, run->arguments, "provider");
    if (run->snapshot[0] != '\0') {
        buf_printf(path, "&snapshot=%s", run->snapshot);
    }
    if (run->snapshot[0] != '\0' && run->lines.has_last) {
        buf_printf(path, "&after=%" PRIu64, run->lines.last);
    }
}

/* ---- the file ---- */

static enum err file_failed(struct export_run *run, const char *what)
{
    struct buf name = {0};
    human_text(&name, slice_str(run->path == NULL ? "standard output" : buf_cstr(&run->part)));
    run->err = problem_set(&run->problem, ERR_IO, "%s cannot be %s: %s", buf_cstr(&name), what,
                           strerror(errno));
    buf_release(&name);
    return run->err;
}

static enum err open_file(struct export_run *run)
{
    run->file = run->cli->out.file;
    if (run->path != NULL) {
        buf_printf(&run->part, "%s.part", run->path);
        run->file = fopen(buf_cstr(&run->part), "wb");
    }
    return run->file == NULL ? file_failed(run, "written") : ERR_OK;
}

/* Whole and on disk, it gets its name. */
static enum err close_file(struct export_run *run, bool is_whole)
{
    if (run->path == NULL || run->file == NULL) {
        bool is_flushed = run->file == NULL || fflush(run->file) == 0;
        return is_flushed ? ERR_OK : file_failed(run, "written");
    }
    bool is_good = fflush(run->file) == 0 && fsync(fileno(run->file)) == 0;
    is_good = fclose(run->file) == 0 && is_good;
    if (is_whole && (!is_good || rename(buf_cstr(&run->part), run->path) != 0)) {
        return file_failed(run, "finished");
    }
    return ERR_OK;
}

static bool keep(void *arg, struct slice bytes)
{
    struct export_run *run = arg;
    run->bytes += bytes.len;
    return fwrite(bytes.data, 1, bytes.len, run->file) == bytes.len;
}

/* ---- the answer ---- */

static void draw(struct export_run *run)
{
    struct screen *screen = &run->cli->notes;
    uint64_t now_ms = clock_monotonic_ms();
    if (!screen->is_live || run->cli->is_quiet || now_ms - run->drawn_ms < REDRAW_MS) {
        return;
    }
    double seconds = (double)(now_ms - run->started_ms) / 1000;
    struct buf line = {0};
    run->drawn_ms = now_ms;
    human_plural(&line, run->lines.rows, "delivery", "deliveries");
    buf_str(&line, "   ");
    human_bytes(&line, run->bytes);
    buf_str(&line, "   ");
    human_rate(&line, seconds > 0 ? (double)run->lines.rows / seconds : 0);
    buf_str(&line, " a second\n");
    screen_draw(screen, &line);
    buf_release(&line);
}

static void on_header(void *arg, const char *value)
{
    struct export_run *run = arg;
    if (strlen(value) <= SNAPSHOT_MAX && text_is_name(slice_str(value), SNAPSHOT_MAX)) {
        memcpy(run->snapshot, value, strlen(value) + 1);
    }
}

static bool on_bytes(void *arg, struct slice bytes)
{
    struct export_run *run = arg;
    run->err = export_lines_take(&run->lines, bytes, keep, run, &run->problem);
    if (run->err == ERR_IO) {
        (void)file_failed(run, "written");
    }
    draw(run);
    return run->err == ERR_OK;
}

/* One answer. ERR_OK: all is there. ERR_CLOSED, ERR_TIMEOUT, ERR_BUSY: there may be more if it is
 * asked for. */
static enum err ask(struct export_run *run)
{
    struct buf path = {0};
    request_path(run, &path);
    const struct client_download download = {.path = buf_cstr(&path),
                                             .accept = "*/*",
                                             .header = "Tocsin-Snapshot",
                                             .on_header = on_header,
                                             .on_bytes = on_bytes,
                                             .arg = run};
    export_lines_begin(&run->lines);
    enum err err = client_download(run->cli->client, &download, &run->problem);
    buf_release(&path);
    if (run->err != ERR_OK) {
        return run->err;
    }
    if (run->lines.is_whole && run->lines.said != run->lines.answered) {
        return problem_set(&run->problem, ERR_CORRUPT,
                           "the export does not add up: its last line says %" PRIu64
                           " deliveries, but %" PRIu64 " came",
                           run->lines.said, run->lines.answered);
    }
    if (run->lines.is_whole) {
        return ERR_OK;
    }
    return err != ERR_OK ? err
                         : problem_set(&run->problem, ERR_CLOSED,
                                       "the connection ended before the export did");
}

static bool may_go_on(const struct export_run *run, enum err err)
{
    return run->err == ERR_OK && !interrupt_is_asked() && client_has_answered(run->cli->client) &&
           (err == ERR_CLOSED || err == ERR_TIMEOUT || err == ERR_BUSY);
}

static enum err ask_until_whole(struct export_run *run)
{
    uint64_t heard_ms = clock_monotonic_ms();
    uint32_t wait_ms = WAIT_FIRST_MS;
    for (;;) {
        uint64_t rows = run->lines.rows;
        enum err err = ask(run);
        if (err == ERR_OK || !may_go_on(run, err)) {
            return err;
        }
        if (run->lines.rows > rows) {
            heard_ms = clock_monotonic_ms();
            wait_ms = WAIT_FIRST_MS;
        }
        if (clock_monotonic_ms() + wait_ms > heard_ms + PATIENCE_MS) {
            return err;
        }
        screen_clear(&run->cli->notes);
        cli_note(run->cli, "%s; going on after %" PRIu64 " deliveries", run->problem.text,
                 run->lines.rows);
        if (!interrupt_sleep_ms(wait_ms)) {
            return problem_set(&run->problem, ERR_CLOSED, "interrupted");
        }
        wait_ms = wait_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms * 2;
    }
}

/* ---- the command ---- */

static void report(struct export_run *run)
{
    struct cli *cli = run->cli;
    struct buf text = {0};
    if (cli->is_json && run->path != NULL) {
        json_t *json =
            json_pack("{s:s, s:s, s:I, s:I, s:s}", "campaign", run->arguments->operands[0], "file",
                      run->path, "rows", (json_int_t)run->lines.rows, "bytes",
                      (json_int_t)run->bytes, "snapshot", run->snapshot);
        cli_print_json(cli, json);
        json_decref(json);
        return;
    }
    human_plural(&text, run->lines.rows, "delivery", "deliveries");
    if (run->path != NULL) {
        buf_str(&text, " in ");
        human_text(&text, slice_str(run->path));
    }
    buf_str(&text, ", ");
    human_bytes(&text, run->bytes);
    buf_str(&text, ", in ");
    human_duration(&text, (double)(clock_monotonic_ms() - run->started_ms) / 1000);
    cli_note(cli, "%s", buf_cstr(&text));
    buf_release(&text);
}

/* What came is left where it is. */
static enum exit_code fail(struct export_run *run)
{
    struct problem problem = run->problem;
    if (run->path != NULL && run->bytes > 0) {
        (void)problem_set(&problem, run->problem.err,
                          "%s; the first %" PRIu64 " deliveries are in %s", run->problem.text,
                          run->lines.rows, buf_cstr(&run->part));
    } else if (run->path != NULL && run->file != NULL) {
        (void)unlink(buf_cstr(&run->part));
    }
    return run->err != ERR_OK || problem.err == ERR_CORRUPT ? cli_fail_here(&problem)
                                                            : cli_fail(run->cli, &problem);
}

static enum exit_code run_export(struct cli *cli, const struct arguments *arguments)
{
    struct export_run run = {
        .cli = cli,
        .arguments = arguments,
        .lines = {.is_csv = is_csv(arguments), .is_zstd = arguments_has(arguments, "zstd")},
        .path = arguments_value(arguments, "output"),
        .started_ms = clock_monotonic_ms()};
    if (run.lines.is_zstd && run.path == NULL && isatty(fileno(cli->out.file))) {
        struct problem problem;
        problem_set(&problem, ERR_INVALID,
                    "what --zstd makes is not for a terminal; --output FILE writes it to a file");
        return cli_usage(&problem);
    }
    enum err err = open_file(&run);
    if (err == ERR_OK) {
        err = ask_until_whole(&run);
    }
    screen_clear(&cli->notes);
    enum err closed = close_file(&run, err == ERR_OK);
    err = err == ERR_OK ? closed : err;
    enum exit_code code = EXIT_DONE;
    if (err == ERR_OK) {
        report(&run);
    } else {
        code = fail(&run);
    }
    export_lines_release(&run.lines);
    buf_release(&run.part);
    return code;
}

static const struct option export_options[] = {
    {"output", "FILE", "where to; else to standard output"},
    {"format", "csv|ndjson", "ndjson, or what the name of the file says"},
    {"state", "STATE[,STATE]", "only those in these states, as failed,unreachable"},
    {"channel", "CHANNEL", "only those on a step of this channel"},
    {"provider", "NAME", "only those last handed to a worker for this provider"},
    {"zstd", NULL, "compressed"},
    {NULL, NULL, NULL},
};

const struct command export_commands[] = {
    {
        .name = NULL,
        .operands = "CAMPAIGN",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "every delivery of a campaign, one a line",
        .details = "As of the moment when it begins, also while the campaign runs. When the\n"
                   "connection breaks it goes on where it was; the file gets its name when all is\n"
                   "there, and is FILE.part until then.\n\n"
                   "  tocsin export c7 --output deliveries.csv\n"
                   "  tocsin export c7 --state failed,unreachable >failed.ndjson\n"
                   "  tocsin export c7 --zstd --output deliveries.ndjson.zst\n",
        .options = export_options,
        .run = run_export,
    },
    {.run = NULL},
};
