/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "cli/command.h"
#include "cli/human.h"

#define HELP_COLUMNS   80
#define HELP_INDENT    26 /* where the second column of a list begins */
#define HELP_VALUE_MAX 40 /* a longer choice of words is told in the second column */

static const struct {
    enum exit_code code;
    const char *meaning;
} exit_meanings[] = {
    {EXIT_DONE, "done"},
    {EXIT_ERROR, "it failed; the message says what, where, and what would be right"},
    {EXIT_USAGE, "the command line is not right; nothing was done"},
    {EXIT_UNREACHABLE, "the coordinator cannot be reached"},
    {EXIT_REFUSED, "the coordinator refuses the token (401, 403)"},
    {EXIT_NOT_ALL_REACHED,
     "the campaign was cancelled, or with --strict: ended with recipients that "
     "were not reached"},
    {EXIT_NOT_PROVEN, "evidence verify: the bundle is not what was signed"},
    {EXIT_NO_KEY, "evidence verify: it holds together, but no key was given to check it with"},
    {EXIT_INTERRUPTED, "interrupted by Ctrl-C; a campaign goes on, an upload leaves nothing"},
};

static void put_blanks(struct buf *buf, size_t count)
{
    memset(buf_reserve(buf, count), ' ', count);
    buf->len += count;
}

/* Words of `text`, broken into lines that begin at column `indent`; `at` is where the first word
 * goes. */
static void put_wrapped(struct buf *buf, const char *text, size_t indent, size_t at)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (at > indent && at + 1 + len > HELP_COLUMNS) {
            buf_u8(buf, '\n');
            put_blanks(buf, indent);
            at = indent;
        } else if (at > indent) {
            buf_u8(buf, ' ');
            at++;
        }
        buf_append(buf, text, len);
        at += human_columns(slice_of(text, len));
        text += len + strspn(text + len, " ");
    }
    buf_u8(buf, '\n');
}

/* One row of a list of two columns: what `buf` holds since `start`, then `text` beside it. */
static void put_row(struct buf *buf, size_t start, const char *text)
{
    size_t at = human_columns(slice_of(buf->data + start, buf->len - start));
    if (at + 2 > HELP_INDENT) {
        buf_u8(buf, '\n');
        at = 0;
    }
    put_blanks(buf, HELP_INDENT - at);
    put_wrapped(buf, text, HELP_INDENT, HELP_INDENT);
}

/* "only these: low, high": the words of a long choice, where they can be broken into lines. */
static void put_choices(struct buf *buf, const struct option *option)
{
    buf_printf(buf, "%s: ", option->help);
    for (const char *at = option->value; *at != '\0'; at++) {
        if (*at == '|') {
            buf_str(buf, ", ");
        } else {
            buf_u8(buf, (uint8_t)*at);
        }
    }
}

static void put_option(struct buf *buf, const struct option *option)
{
    size_t start = buf->len;
    struct buf text = {0};
    bool is_long = option->value != NULL && strlen(option->value) > HELP_VALUE_MAX;
    buf_printf(buf, "  --%s", option->name);
    if (option->value != NULL) {
        buf_printf(buf, " %s", is_long ? "WORD" : option->value);
    }
    if (is_long) {
        put_choices(&text, option);
    } else {
        buf_str(&text, option->help);
    }
    put_row(buf, start, buf_cstr(&text));
    buf_release(&text);
}

static void put_options(struct buf *buf, const struct option *options)
{
    for (; options->name != NULL; options++) {
        put_option(buf, options);
    }
}

static void put_command_line(struct buf *buf, const struct command_group *group,
                             const struct command *command)
{
    buf_str(buf, group->name);
    if (command->name != NULL) {
        buf_printf(buf, " %s", command->name);
    }
    if (command->operands[0] != '\0') {
        buf_printf(buf, " %s", command->operands);
    }
}

static void put_group(struct buf *buf, const struct command_group *group)
{
    for (const struct command *command = group->commands; command->run != NULL; command++) {
        size_t start = buf->len;
        buf_str(buf, "  ");
        put_command_line(buf, group, command);
        put_row(buf, start, command->summary);
    }
}

static void help_program(struct buf *buf, const struct command_group *groups)
{
    buf_str(buf, "tocsin: reach the people concerned, all of them, and account for every one\n\n"
                 "usage: tocsin [OPTIONS] COMMAND …\n\n");
    for (; groups->name != NULL; groups++) {
        put_group(buf, groups);
    }
    buf_str(buf, "\noptions\n");
    put_options(buf, command_global_options);
    buf_str(buf, "\nexit status\n");
    for (size_t i = 0; i < sizeof(exit_meanings) / sizeof(exit_meanings[0]); i++) {
        size_t start = buf->len;
        buf_printf(buf, "  %d", exit_meanings[i].code);
        put_blanks(buf, 6 - (buf->len - start));
        put_wrapped(buf, exit_meanings[i].meaning, 6, 6);
    }
    buf_str(buf, "\nEvery command explains itself: tocsin COMMAND --help\n");
}

static void help_command(struct buf *buf, const struct command_group *group,
                         const struct command *command)
{
    buf_str(buf, "tocsin ");
    put_command_line(buf, group, command);
    buf_printf(buf, "\n\n%s.\n", command->summary);
    if (command->details != NULL) {
        buf_printf(buf, "\n%s", command->details);
    }
    if (command->options != NULL) {
        buf_str(buf, "\noptions\n");
        put_options(buf, command->options);
    }
    buf_str(buf, "\noptions of every command\n");
    put_options(buf, command_global_options);
}

void command_help(struct buf *buf, const struct command_group *groups,
                  const struct command_group *group, const struct command *command)
{
    assert(groups != NULL);
    if (group == NULL) {
        help_program(buf, groups);
    } else if (command == NULL) {
        buf_printf(buf, "tocsin %s: %s\n\n", group->name, group->summary);
        put_group(buf, group);
        buf_printf(buf, "\nEach explains itself: tocsin %s COMMAND --help\n", group->name);
    } else {
        help_command(buf, group, command);
    }
}
