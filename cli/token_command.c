/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/list.h"
#include "common/text.h"

#define SECRET_MODE 0600

static const struct list_column token_columns[] = {
    {"token", "id", LIST_TEXT},           {"name", "name", LIST_TEXT},
    {"role", "role", LIST_TEXT},          {"state", "state", LIST_TEXT},
    {"created", "created_at", LIST_TIME}, {"by", "created_by", LIST_TEXT},
    {"expires", "expires_at", LIST_TIME}, {"last used", "last_used_at", LIST_TIME},
    {"revoked", "revoked_at", LIST_TIME}, {NULL, NULL, LIST_TEXT},
};

/* ---- a file for the token ---- */

static enum err fail(struct problem *problem, const char *path, int errno_value)
{
    if (errno_value == EEXIST) {
        return problem_set(problem, ERR_EXISTS,
                           "%s is there already and is not overwritten; choose another --out",
                           path);
    }
    enum err err = err_from_errno(errno_value);
    return problem_set(problem, err, "%s cannot be written: %s", path, err_sentence(err));
}

/* Before the token is asked for, so that none is made that then cannot be kept. */
static enum err open_new(const char *path, int *fd, struct problem *problem)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, SECRET_MODE);
    return *fd < 0 ? fail(problem, path, errno) : ERR_OK;
}

static enum err write_token(int fd, const char *path, const char *token, struct problem *problem)
{
    bool is_written = dprintf(fd, "%s\n", token) == (int)strlen(token) + 1 && fsync(fd) == 0;
    return is_written ? ERR_OK : fail(problem, path, errno == 0 ? ENOSPC : errno);
}

/* ---- create ---- */

static char *create_body(const struct arguments *arguments)
{
    json_t *body = json_pack("{s:s, s:s*, s:s*, s:s*}", "name", arguments->operands[0], "role",
                             arguments_value(arguments, "role"), "expires_in",
                             arguments_value(arguments, "expires-in"), "expires_at",
                             arguments_value(arguments, "expires-at"));
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void print_created(struct cli *cli, json_t *token, const char *path)
{
    const char *text = json_string_value(json_object_get(token, "token"));
    struct buf line = {0};
    if (path != NULL) { /* it is told in one place alone */
        json_object_del(token, "token");
    }
    if (cli->is_json) {
        cli_print_json(cli, token);
        return;
    }
    if (!cli->is_quiet) {
        list_print_object(cli, token, token_columns);
        cli_say(cli, "%s",
                path != NULL
                    ? "The token is in the file, and nowhere else."
                    : "The token, which is shown this once and kept nowhere but with you:");
    }
    if (path == NULL) {
        buf_printf(&line, "%s\n", text);
        cli_print(cli, &line);
        buf_release(&line);
    }
}

static enum exit_code create(struct cli *cli, const char *body, const char *path, int fd)
{
    struct problem problem;
    json_t *token = NULL;
    enum err err = client_post(cli->client, "/v1/tokens", body, &token, &problem);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    const char *text = json_string_value(json_object_get(token, "token"));
    if (text == NULL) { /* the answer got lost, and was given again from what is kept */
        (void)problem_set(&problem, ERR_CLOSED,
                          "the token was made, but the answer that had it got lost: revoke it "
                          "(tocsin token revoke %s) and make another",
                          json_string_value(json_object_get(token, "id")));
        err = ERR_CLOSED;
    } else if (path != NULL) {
        err = write_token(fd, path, text, &problem);
    }
    if (err == ERR_OK) {
        print_created(cli, token, path);
    }
    json_decref(token);
    return err == ERR_OK ? EXIT_DONE : cli_fail_here(&problem);
}

static enum exit_code run_create(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    const char *path = arguments_value(arguments, "out");
    int fd = -1;
    if (arguments_value(arguments, "role") == NULL) {
        (void)problem_set(&problem, ERR_INVALID,
                          "--role is missing: relay, viewer, author, approver, operator or admin");
        return cli_usage(&problem);
    }
    char *body = create_body(arguments);
    if (body == NULL) {
        (void)problem_set(&problem, ERR_INVALID, "what was given is no UTF-8");
        return cli_usage(&problem);
    }
    if (path != NULL && open_new(path, &fd, &problem) != ERR_OK) {
        free(body);
        return cli_fail_here(&problem);
    }
    enum exit_code code = create(cli, body, path, fd);
    if (fd >= 0 && (close(fd) != 0 || code != EXIT_DONE)) {
        (void)unlink(path);
    }
    free(body);
    return code;
}

/* ---- list, revoke ---- */

static enum exit_code run_list(struct cli *cli, const struct arguments *arguments)
{
    struct problem problem;
    struct list list = {.path = "/v1/tokens", .columns = token_columns, .nothing = "No token."};
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    return list_print(cli, &list);
}

static enum exit_code run_revoke(struct cli *cli, const struct arguments *arguments)
{
    struct buf path = {0};
    buf_str(&path, "/v1/tokens/");
    text_url_encode(&path, slice_str(arguments->operands[0]));
    const struct client_request request = {.method = "DELETE", .path = buf_cstr(&path)};
    enum exit_code code = list_print_answer(cli, &request, token_columns);
    buf_release(&path);
    return code;
}

static enum exit_code run_me(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"name", "name", LIST_TEXT},         {"role", "role", LIST_TEXT},
        {"signed in by", "kind", LIST_TEXT}, {"token", "token", LIST_TEXT},
        {"until", "until", LIST_TIME},       {NULL, NULL, LIST_TEXT},
    };
    const struct client_request request = {.method = "GET", .path = "/v1/me"};
    (void)arguments;
    return list_print_answer(cli, &request, columns);
}

static const struct option create_options[] = {
    {"role", "relay|viewer|author|approver|operator|admin", "what it may do; required"},
    {"expires-in", "DURATION", "how long it is good: 12h, 90d; 365d if it is not said"},
    {"expires-at", "TIME", "until when it is good: 2027-01-01T00:00:00Z"},
    {"out", "FILE", "write the token to a new file that only you can read"},
    {NULL, NULL, NULL},
};

static const struct option list_options[] = {
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

const struct command token_commands[] = {
    {
        .name = "create",
        .operands = "NAME",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make a token for a program or a person",
        .details = "The token is shown once; the coordinator keeps only its hash.\n\n"
                   "  tocsin token create wall --role viewer --out wall.token\n"
                   "  tocsin token create mailin --role relay --expires-in 3650d --quiet\n",
        .options = create_options,
        .run = run_create,
    },
    {
        .name = "list",
        .operands = "",
        .summary = "the tokens, with their roles and when they were used last",
        .options = list_options,
        .run = run_list,
    },
    {
        .name = "revoke",
        .operands = "TOKEN",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "end a token at once; TOKEN is its number, as t3",
        .details = "  tocsin token revoke t3\n",
        .run = run_revoke,
    },
    {
        .name = "me",
        .operands = "",
        .summary = "whose the token is that you use, its role, and until when it is good",
        .run = run_me,
    },
    {.run = NULL},
};
