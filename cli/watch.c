/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <string.h>

#include "cli/human.h"
#include "cli/progress.h"
#include "common/clock.h"
#include "common/interrupt.h"
#include "common/text.h"

#define POLL_LIVE_MS  250
#define POLL_LINES_MS 1000

struct watch {
    struct cli *cli;
    const char *id;
    json_t *campaign; /* as last heard; NULL before the first answer */
    struct progress progress;
    struct progress printed; /* what the last line for a pipe said */
    bool has_printed;
    uint64_t away_since_ms; /* the coordinator does not tell since; 0: it does */
    struct problem away;    /* why */
};

static bool watch_is_live(const struct watch *watch)
{
    return watch->cli->out.is_live && !watch->cli->is_json && !watch->cli->is_quiet;
}

/* One question; a coordinator that is away or not ready is no error. */
static enum err watch_ask(struct watch *watch, const char *path, json_t **json,
                          struct problem *problem)
{
    struct client_request request = {.method = "GET", .path = path, .once = true};
    return client_json(watch->cli->client, &request, json, problem);
}

static bool is_away(enum err err)
{
    return err == ERR_CLOSED || err == ERR_TIMEOUT || err == ERR_BUSY;
}

static enum err watch_ask_campaign(struct watch *watch, struct problem *problem)
{
    struct buf path = {0};
    json_t *campaign;
    buf_str(&path, "/v1/campaigns/");
    text_url_encode(&path, slice_str(watch->id));
    enum err err = watch_ask(watch, buf_cstr(&path), &campaign, problem);
    buf_release(&path);
    if (err != ERR_OK) {
        return err;
    }
    json_decref(watch->campaign);
    watch->campaign = campaign;
    if (!progress_read(&watch->progress, campaign, clock_unix_ms())) {
        return problem_set(problem, ERR_IO,
                           "the answer about %s is no campaign; are tocsin and the "
                           "coordinator of the same version?",
                           watch->id);
    }
    return ERR_OK;
}

/* The items of a list, or NULL: failing is no harm here. */
static json_t *watch_ask_items(struct watch *watch, const char *path)
{
    json_t *answer;
    struct problem ignored;
    if (watch_ask(watch, path, &answer, &ignored) != ERR_OK) {
        return NULL;
    }
    json_t *items = json_incref(json_object_get(answer, "items"));
    json_decref(answer);
    return items;
}

/* What else people should know while something is being sent. */
static void watch_ask_why(struct watch *watch)
{
    progress_add_control(&watch->progress, watch->campaign);
    if (strcmp(watch->progress.state, "running") != 0) {
        return;
    }
    json_t *providers = watch_ask_items(watch, "/v1/providers?limit=1000");
    progress_add_providers(&watch->progress, providers);
    json_decref(providers);
    if (progress_is_stalled(&watch->progress)) {
        json_t *workers = watch_ask_items(watch, "/v1/workers?limit=1000");
        if (workers != NULL) {
            progress_add_workers(&watch->progress, workers);
        }
        json_decref(workers);
    }
}

/* A coordinator that says why it tells nothing is quoted. */
static void put_away(struct buf *text, const struct watch *watch)
{
    if (watch->away.err == ERR_BUSY) {
        buf_printf(text, "%s; asking on", watch->away.text);
        return;
    }
    if (watch_is_live(watch)) {
        buf_str(text, "the coordinator has not answered for ");
        human_duration(text, (double)(clock_monotonic_ms() - watch->away_since_ms) / 1000);
    } else {
        buf_str(text, "the coordinator does not answer");
    }
    buf_str(text, "; asking on, the campaign goes on when it is back");
}

static void watch_draw(struct watch *watch)
{
    struct progress_style style = screen_style(&watch->cli->out);
    struct buf view = {0};
    if (watch->away_since_ms != 0) {
        put_away(&view, watch);
        watch->progress.notice_count = 0;
        progress_add_notice(&watch->progress, buf_cstr(&view));
        buf_clear(&view);
    }
    progress_view(&view, &watch->progress, &style);
    screen_draw(&watch->cli->out, &view);
    buf_release(&view);
}

static void watch_print_line(struct watch *watch)
{
    if (watch->has_printed && progress_is_same(&watch->printed, &watch->progress) &&
        watch->printed.notice_count == watch->progress.notice_count) {
        return;
    }
    watch->printed = watch->progress;
    watch->has_printed = true;
    if (watch->cli->is_json) {
        cli_print_json(watch->cli, watch->campaign);
    } else if (!watch->cli->is_quiet) {
        struct buf line = {0};
        progress_line(&line, &watch->progress);
        cli_print(watch->cli, &line);
        (void)fflush(watch->cli->out.file);
        buf_release(&line);
    }
}

static void watch_on_answer(struct watch *watch)
{
    if (watch->away_since_ms != 0 && !watch_is_live(watch)) {
        cli_note(watch->cli, "tocsin: the coordinator is back");
    }
    watch->away_since_ms = 0;
    if (!watch->cli->is_json && !watch->cli->is_quiet) {
        watch_ask_why(watch);
    }
    if (watch_is_live(watch)) {
        watch_draw(watch);
    } else {
        watch_print_line(watch);
    }
}

static void watch_on_away(struct watch *watch, const struct problem *problem)
{
    bool is_news = watch->away_since_ms == 0 || watch->away.err != problem->err;
    if (watch->away_since_ms == 0) {
        watch->away_since_ms = clock_monotonic_ms();
    }
    watch->away = *problem;
    if (watch_is_live(watch) && watch->campaign != NULL) {
        watch_draw(watch);
    } else if (is_news) {
        struct buf note = {0};
        put_away(&note, watch);
        cli_note(watch->cli, "tocsin: %s", buf_cstr(&note));
        buf_release(&note);
    }
}

static void watch_close(struct watch *watch)
{
    struct cli *cli = watch->cli;
    if (cli->is_json || cli->is_quiet) {
        return;
    }
    struct progress_style style = screen_style(&cli->out);
    struct buf report = {0};
    screen_clear(&cli->out);
    progress_closing(&report, &watch->progress, &style);
    if (watch->progress.counts[PROGRESS_FAILED] > 0) {
        buf_printf(&report, "  who failed, and why: tocsin recipient list %s --state failed\n",
                   watch->id);
    }
    cli_print(cli, &report);
    buf_release(&report);
}

static enum exit_code watch_end(const struct watch *watch, bool is_strict)
{
    bool is_cancelled = strcmp(watch->progress.state, "cancelled") == 0;
    bool is_missed = is_strict && progress_not_reached(&watch->progress) > 0;
    if (progress_sum(&watch->progress) != watch->progress.recipients) {
        return EXIT_ERROR;
    }
    return is_cancelled || is_missed ? EXIT_NOT_ALL_REACHED : EXIT_DONE;
}

static enum exit_code watch_leave(struct watch *watch)
{
    screen_keep(&watch->cli->out);
    if (progress_is_over(&watch->progress) || watch->campaign == NULL) {
        return EXIT_INTERRUPTED;
    }
    fprintf(stderr, "tocsin: no longer watching; %s is still %s: tocsin campaign watch %s\n",
            watch->id, watch->progress.state, watch->id);
    return EXIT_INTERRUPTED;
}

/* Until the campaign is over (ERR_OK), the user leaves (ERR_CLOSED), or an answer says that there
 * is nothing to watch. */
static enum err watch_run(struct watch *watch, struct problem *problem)
{
    for (;;) {
        enum err err = watch_ask_campaign(watch, problem);
        if (interrupt_is_asked()) {
            return ERR_CLOSED;
        }
        if (err == ERR_OK) {
            watch_on_answer(watch);
        } else if (!is_away(err) || (watch->campaign == NULL && err != ERR_BUSY)) {
            return err;
        } else {
            watch_on_away(watch, problem);
        }
        if (err == ERR_OK && progress_is_over(&watch->progress)) {
            return ERR_OK;
        }
        if (!interrupt_sleep_ms(watch_is_live(watch) ? POLL_LIVE_MS : POLL_LINES_MS)) {
            return ERR_CLOSED;
        }
    }
}

enum exit_code watch_campaign(struct cli *cli, const char *id, bool is_strict)
{
    struct watch watch = {.cli = cli, .id = id};
    struct problem problem;
    enum err err = watch_run(&watch, &problem);
    enum exit_code code;
    if (err == ERR_OK) {
        watch_close(&watch);
        code = watch_end(&watch, is_strict);
    } else if (interrupt_is_asked()) {
        code = watch_leave(&watch);
    } else {
        screen_keep(&cli->out);
        code = cli_fail(cli, &problem);
    }
    json_decref(watch.campaign);
    return code;
}
