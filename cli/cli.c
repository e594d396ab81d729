/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/human.h"
#include "common/interrupt.h"
#include "common/secret.h"

#define API_DEFAULT "http://127.0.0.1:7480"

static const char *env_value(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}

/* Where the token is: a reference for secret_resolve, or an empty buffer for none. `from` is how
 * messages call it. */
static void token_reference(const struct arguments *arguments, struct buf *reference,
                            struct buf *from)
{
    const char *option = arguments_value(arguments, "token-file");
    const char *file = env_value("TOCSIN_TOKEN_FILE");
    if (option != NULL) {
        buf_printf(reference, "file:%s", option);
        buf_str(from, option);
    } else if (env_value("TOCSIN_TOKEN") != NULL) {
        buf_str(reference, "env:TOCSIN_TOKEN");
        buf_str(from, "TOCSIN_TOKEN");
    } else if (file != NULL) {
        buf_printf(reference, "file:%s", file);
        buf_printf(from, "%s (TOCSIN_TOKEN_FILE)", file);
    }
}

static bool has_line_break(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

static void cli_on_note(void *arg, const char *note)
{
    struct cli *cli = arg;
    cli_note(cli, "%s", note);
}

static enum err cli_connect(struct cli *cli, const struct arguments *arguments)
{
    struct buf reference = {0};
    struct buf from = {0};
    struct buf token = {0};
    const char *api = arguments_value(arguments, "api");
    if (api == NULL) {
        api = env_value("TOCSIN_API");
    }
    struct client_settings settings = {
        .api = api == NULL ? API_DEFAULT : api,
        .ca_file = arguments_value(arguments, "ca-file"),
        .note = cli_on_note,
        .note_arg = cli,
    };
    if (settings.ca_file == NULL) {
        settings.ca_file = env_value("TOCSIN_CA_FILE");
    }
    enum err err = ERR_OK;
    token_reference(arguments, &reference, &from);
    if (reference.len > 0) {
        err = secret_resolve(buf_cstr(&reference), &token, &cli->client_problem);
        settings.token = buf_cstr(&token);
        settings.token_from = buf_cstr(&from);
    }
    if (err == ERR_OK && settings.token != NULL && has_line_break(settings.token)) {
        err = problem_set(&cli->client_problem, ERR_INVALID,
                          "%s is no token: it has several lines, and a token is one",
                          settings.token_from);
    }
    if (err == ERR_OK) {
        err = client_new(&cli->client, &settings, &cli->client_problem);
    }
    buf_release(&reference);
    buf_release(&from);
    secret_release(&token);
    return err;
}

void cli_init(struct cli *cli, const struct arguments *arguments, bool has_unicode)
{
    *cli = (struct cli){
        .is_json = arguments_has(arguments, "json"),
        .is_quiet = arguments_has(arguments, "quiet"),
    };
    screen_init(&cli->out, stdout, has_unicode);
    screen_init(&cli->notes, stderr, has_unicode);
    cli->client_problem.err = cli_connect(cli, arguments);
}

void cli_release(struct cli *cli)
{
    client_free(cli->client);
}

static void print_problem(const struct problem *problem)
{
    struct buf text = {0};
    human_text(&text, slice_str(problem->text));
    fprintf(stderr, "tocsin: %s\n", buf_cstr(&text));
    buf_release(&text);
}

enum exit_code cli_fail(struct cli *cli, const struct problem *problem)
{
    screen_clear(&cli->notes);
    print_problem(problem);
    if (interrupt_is_asked()) {
        return EXIT_INTERRUPTED;
    }
    if (problem->err == ERR_CLOSED || problem->err == ERR_TIMEOUT) {
        return EXIT_UNREACHABLE;
    }
    return problem->err == ERR_UNAUTHORIZED ? EXIT_REFUSED : EXIT_ERROR;
}

enum exit_code cli_fail_here(const struct problem *problem)
{
    print_problem(problem);
    return EXIT_ERROR;
}

enum exit_code cli_usage(const struct problem *problem)
{
    print_problem(problem);
    return EXIT_USAGE;
}

void cli_say(struct cli *cli, const char *format, ...)
{
    if (cli->is_quiet || cli->is_json) {
        return;
    }
    va_list args;
    va_start(args, format);
    vfprintf(cli->out.file, format, args);
    va_end(args);
    fputc('\n', cli->out.file);
}

void cli_print(struct cli *cli, struct buf *buf)
{
    if (buf->len > 0) {
        (void)fwrite(buf->data, 1, buf->len, cli->out.file); /* main looks for errors at the end */
    }
    buf_clear(buf);
}

void cli_print_json(struct cli *cli, const json_t *json)
{
    (void)json_dumpf(json, cli->out.file, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fputc('\n', cli->out.file);
    (void)fflush(cli->out.file);
}

void cli_note(struct cli *cli, const char *format, ...)
{
    if (cli->is_quiet) {
        return;
    }
    screen_clear(&cli->notes);
    va_list args;
    va_start(args, format);
    vfprintf(cli->notes.file, format, args);
    va_end(args);
    fputc('\n', cli->notes.file);
}

bool cli_print_plain(struct cli *cli, const json_t *json)
{
    if (cli->is_json) {
        cli_print_json(cli, json);
    } else if (cli->is_quiet) {
        fprintf(cli->out.file, "%s\n", cli_member_str(json, "id"));
    }
    return cli->is_json || cli->is_quiet;
}

void cli_member(struct buf *buf, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value)) {
        human_text(buf, slice_of(json_string_value(value), json_string_length(value)));
    } else if (json_is_integer(value) && json_integer_value(value) >= 0) {
        human_count(buf, (uint64_t)json_integer_value(value));
    } else if (json_is_real(value)) {
        human_rate(buf, json_real_value(value));
    } else if (json_is_boolean(value)) {
        buf_str(buf, json_is_true(value) ? "yes" : "no");
    }
}

uint64_t cli_member_count(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value < 0 ? 0 : (uint64_t)value;
}

const char *cli_member_str(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

void cli_unopened(struct buf *buf, json_t *unopened)
{
    const char *worker = json_object_iter_key(json_object_iter(unopened));
    if (worker == NULL) {
        return;
    }
    human_text(buf, slice_str(worker));
    if (json_object_size(unopened) > 1) {
        buf_printf(buf, " and %zu more", json_object_size(unopened) - 1);
    }
    buf_str(buf, " cannot open ");
    cli_member(buf, unopened, worker);
}
