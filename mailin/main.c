/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-mailin: reads what comes back by mail and tells the coordinator. As a pipe of an MTA it
 * reads one mail and ends with 0 (taken) or 75 (EX_TEMPFAIL: try again), never with anything that
 * would make the MTA send a bounce, whatever is wrong; or it watches a Maildir.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "common/file.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "common/secret.h"
#include "mailin/mail_intake.h"
#include "mailin/mail_options.h"
#include "mailin/maildir.h"

#define MODULE          "mailin"
#define TOKEN_MAX_BYTES 4096

static int fail(const struct problem *problem)
{
    fprintf(stderr, "tocsin-mailin: %s\n", problem->text);
    return EX_TEMPFAIL;
}

static enum err open_client(struct client **client, const struct mail_options *options,
                            const char *api, const char *token, struct problem *problem)
{
    struct client_settings settings = {
        .api = api,
        .token = token,
        .token_from = token == NULL ? NULL : options->token_file,
        .ca_file = options->ca_file,
    };
    return client_new(client, &settings, problem);
}

/* Receipts need no token, so what is public never sees it. */
static enum err open_clients(struct mail_teller *teller, const struct mail_options *options,
                             struct problem *problem)
{
    struct buf token = {0};
    const char *receipts = options->public == NULL ? options->api : options->public;
    enum err err = ERR_OK;
    if (options->token_file != NULL) {
        err = file_read(&token, options->token_file, TOKEN_MAX_BYTES, problem);
    }
    while (token.len > 0 && token.data[token.len - 1] <= ' ') {
        token.len--;
    }
    if (err == ERR_OK) {
        err = open_client(&teller->api, options, options->api,
                          token.len == 0 ? NULL : buf_cstr(&token), problem);
    }
    if (err == ERR_OK) {
        err = open_client(&teller->receipts, options, receipts, NULL, problem);
    }
    secret_release(&token);
    return err;
}

/* ---- one mail ---- */

static int take_one(const struct mail_intake *intake)
{
    struct buf mail = {0};
    struct problem problem;
    bool is_away;
    int code = EX_TEMPFAIL;
    if (mail_intake_read(&mail, STDIN_FILENO, &problem) != ERR_OK) {
        code = fail(&problem);
    } else if (mail_intake_take(intake, buf_view(&mail), &is_away)) {
        code = EX_OK;
    }
    buf_release(&mail);
    return code;
}

/* ---- a Maildir ---- */

struct watching {
    struct maildir *maildir;
    uv_signal_t signals[2];
};

static void on_signal(uv_signal_t *signal, int number)
{
    struct watching *watching = signal->data;
    LOG_I(MODULE, "stopping", "signal=%d", number);
    maildir_close(watching->maildir);
    uv_close((uv_handle_t *)&watching->signals[0], NULL);
    uv_close((uv_handle_t *)&watching->signals[1], NULL);
}

static int watch(const struct mail_intake *intake, const struct mail_options *options)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct watching watching;
    struct problem problem;
    uv_loop_t *loop = uv_default_loop();
    if (maildir_open(&watching.maildir, loop, options->maildir, options->every_ms, intake,
                     &problem) != ERR_OK) {
        return fail(&problem);
    }
    for (unsigned i = 0; i < 2; i++) {
        uv_signal_init(loop, &watching.signals[i]);
        watching.signals[i].data = &watching;
        uv_signal_start(&watching.signals[i], on_signal, numbers[i]);
    }
    LOG_I(MODULE, "watching", "every_ms=%llu", (unsigned long long)options->every_ms);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(loop);
    return EX_OK;
}

static int run(const struct mail_options *options)
{
    struct problem problem;
    struct mail_intake intake = {
        .teller = {.provider = options->provider, .once = options->maildir != NULL},
        .rules = {.bounces = options->bounces, .replies = options->replies},
        .recipient = options->maildir == NULL ? options->recipient : NULL,
        .counters = options->counters,
    };
    int code;
    if (open_clients(&intake.teller, options, &problem) != ERR_OK) {
        code = fail(&problem);
    } else {
        code = options->maildir == NULL ? take_one(&intake) : watch(&intake, options);
    }
    client_free(intake.teller.api);
    client_free(intake.teller.receipts);
    return code;
}

int main(int argc, char **argv)
{
    struct mail_options options;
    struct problem problem;
    if (mail_options_read(&options, argc, argv, &problem) != ERR_OK) {
        return fail(&problem);
    }
    if (options.wants_version) {
        printf("tocsin-mailin %s\n", TOCSIN_VERSION);
        return EX_OK;
    }
    if (options.wants_help) {
        mail_options_help(stdout);
        return EX_OK;
    }
    log_init(options.log_level, STDERR_FILENO);
    if (options.maildir == NULL) {
        interrupt_init();
    }
    return run(&options);
}
