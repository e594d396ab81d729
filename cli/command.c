/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define WORDS_MAX 128

const struct option command_global_options[] = {
    {"api", "URL", "where the coordinator answers (TOCSIN_API; http://127.0.0.1:7480)"},
    {"token-file", "FILE",
     "the file with the API's token (TOCSIN_TOKEN_FILE; or TOCSIN_TOKEN holds "
     "the token itself)"},
    {"ca-file", "FILE",
     "who signed the certificate of an https:// API, in PEM (TOCSIN_CA_FILE; else the system's)"},
    {"json", NULL, "print the API's JSON, one object a line"},
    {"quiet", NULL, "print only errors, and the identifier of what was made"},
    {"help", NULL, "print this help"},
    {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

static const struct option no_options[] = {{NULL, NULL, NULL}};

static const struct option *command_options(const struct command *command)
{
    return command == NULL || command->options == NULL ? no_options : command->options;
}

static const struct option *option_find(const struct option *options, struct slice name)
{
    for (; options->name != NULL; options++) {
        if (slice_is(name, options->name)) {
            return options;
        }
    }
    return NULL;
}

/* Words that are allowed, for "did you mean". */
struct words {
    const char *list[WORDS_MAX + 1];
    size_t count;
};

static void words_add(struct words *words, const char *word)
{
    if (word != NULL && words->count < WORDS_MAX) {
        words->list[words->count++] = word;
        words->list[words->count] = NULL;
    }
}

static void words_add_options(struct words *words, const struct option *options)
{
    for (; options->name != NULL; options++) {
        words_add(words, options->name);
    }
}

static void words_join(struct buf *buf, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        buf_printf(buf, "%s%s",
                   i == 0                  ? ""
                   : i + 1 == words->count ? " or "
                                           : ", ",
                   words->list[i]);
    }
}

/* `what` is the kind of thing ("option --"), `word` the one nobody knows. */
static enum err unknown(struct problem *problem, const char *what, const char *word,
                        const struct words *words)
{
    const char *nearest = text_nearest(word, words->list);
    if (nearest != NULL) {
        const char *dashes = strcmp(what, "option --") == 0 ? "--" : "";
        return problem_set(problem, ERR_INVALID, "there is no %s%s; did you mean %s%s?", what, word,
                           dashes, nearest);
    }
    struct buf known = {0};
    words_join(&known, words);
    (void)problem_set(problem, ERR_INVALID, "there is no %s%s; known are %s", what, word,
                      buf_cstr(&known));
    buf_release(&known);
    return ERR_INVALID;
}

struct parser {
    struct arguments *out;
    const struct command_group *groups;
    char *const *argv;
    int argc;
    int at;
    bool only_operands; /* after `--` */
    struct problem *problem;
};

static bool is_choice(const struct option *option)
{
    return option->value != NULL && strchr(option->value, '|') != NULL &&
           strpbrk(option->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

static bool choice_has(const char *choices, const char *word)
{
    size_t len = strlen(word);
    while (strncmp(choices, word, len) != 0 || len == 0 ||
           (choices[len] != '|' && choices[len] != '\0')) {
        choices = strchr(choices, '|');
        if (choices == NULL) {
            return false;
        }
        choices++;
    }
    return true;
}

static enum err parse_value(struct parser *parser, const struct option *option, const char *equals,
                            const char **value)
{
    *value = equals == NULL ? NULL : equals + 1;
    if (option->value == NULL) {
        return equals == NULL ? ERR_OK
                              : problem_set(parser->problem, ERR_INVALID,
                                            "--%s is a switch and takes no value", option->name);
    }
    if (*value == NULL && parser->at + 1 < parser->argc) {
        *value = parser->argv[++parser->at];
    }
    if (*value == NULL) {
        return problem_set(parser->problem, ERR_INVALID, "--%s needs a value: --%s %s",
                           option->name, option->name, option->value);
    }
    if (is_choice(option) && !choice_has(option->value, *value)) {
        return problem_set(parser->problem, ERR_INVALID, "--%s cannot be \"%s\"; it is one of %s",
                           option->name, *value, option->value);
    }
    return ERR_OK;
}

static enum err parse_option(struct parser *parser, const char *word)
{
    struct arguments *out = parser->out;
    const char *equals = strchr(word, '=');
    struct slice name = slice_of(word, equals == NULL ? strlen(word) : (size_t)(equals - word));
    const struct option *option = option_find(command_options(out->command), name);
    if (option == NULL) {
        option = option_find(command_global_options, name);
    }
    if (option == NULL) {
        struct words words = {0};
        struct buf asked = {0};
        words_add_options(&words, command_options(out->command));
        words_add_options(&words, command_global_options);
        buf_slice(&asked, name);
        (void)unknown(parser->problem, "option --", buf_cstr(&asked), &words);
        buf_release(&asked);
        return ERR_INVALID;
    }
    const char *value;
    enum err err = parse_value(parser, option, equals, &value);
    if (err == ERR_OK && out->option_count == ARGUMENTS_OPTIONS_MAX) {
        err = problem_set(parser->problem, ERR_LIMIT, "too many options: at most %d",
                          ARGUMENTS_OPTIONS_MAX);
    }
    if (err == ERR_OK) {
        out->options[out->option_count] = option;
        out->values[out->option_count++] = value;
    }
    return err;
}

static enum err parse_group(struct parser *parser, const char *word)
{
    struct words words = {0};
    for (const struct command_group *group = parser->groups; group->name != NULL; group++) {
        if (strcmp(group->name, word) == 0) {
            parser->out->group = group;
            /* A group of one command needs no second word. */
            parser->out->command = group->commands[0].name == NULL ? &group->commands[0] : NULL;
            return ERR_OK;
        }
        words_add(&words, group->name);
    }
    return unknown(parser->problem, "command ", word, &words);
}

static enum err parse_command(struct parser *parser, const char *word)
{
    struct words words = {0};
    struct buf what = {0};
    for (const struct command *command = parser->out->group->commands; command->run != NULL;
         command++) {
        if (strcmp(command->name, word) == 0) {
            parser->out->command = command;
            return ERR_OK;
        }
        words_add(&words, command->name);
    }
    buf_printf(&what, "command %s ", parser->out->group->name);
    (void)unknown(parser->problem, buf_cstr(&what), word, &words);
    buf_release(&what);
    return ERR_INVALID;
}

/* Beside the command without a name a group may have others, which the first word names. */
static bool is_other_command(struct arguments *out, const char *word)
{
    if (out->operand_count > 0 || out->command->name != NULL) {
        return false;
    }
    for (const struct command *command = out->command + 1; command->run != NULL; command++) {
        if (strcmp(command->name, word) == 0) {
            out->command = command;
            return true;
        }
    }
    return false;
}

static enum err parse_operand(struct parser *parser, const char *word)
{
    struct arguments *out = parser->out;
    if (!parser->only_operands && is_other_command(out, word)) {
        return ERR_OK;
    }
    if (out->operand_count == out->command->operands_max) {
        return problem_set(
            parser->problem, ERR_INVALID, "\"%s\" is one word too many; usage: tocsin %s%s%s %s",
            word, out->group->name, out->command->name == NULL ? "" : " ",
            out->command->name == NULL ? "" : out->command->name, out->command->operands);
    }
    out->operands[out->operand_count++] = word;
    return ERR_OK;
}

static enum err parse_word(struct parser *parser, const char *word)
{
    if (!parser->only_operands && strcmp(word, "--") == 0) {
        parser->only_operands = true;
        return ERR_OK;
    }
    if (!parser->only_operands && strcmp(word, "-h") == 0) {
        return parse_option(parser, "help");
    }
    if (!parser->only_operands && strcmp(word, "-o") == 0) {
        return parse_option(parser, "output");
    }
    if (!parser->only_operands && strncmp(word, "--", 2) == 0) {
        return parse_option(parser, word + 2);
    }
    if (!parser->only_operands && word[0] == '-' && word[1] != '\0') {
        return problem_set(parser->problem, ERR_INVALID,
                           "there is no option %s; options are written --name, a file whose name "
                           "begins with a dash ./%s",
                           word, word);
    }
    if (parser->out->group == NULL) {
        return parse_group(parser, word);
    }
    return parser->out->command == NULL ? parse_command(parser, word) : parse_operand(parser, word);
}

static enum err parse_check_complete(const struct parser *parser)
{
    const struct arguments *out = parser->out;
    if (out->command == NULL || arguments_has(out, "help") ||
        out->operand_count >= out->command->operands_min) {
        return ERR_OK;
    }
    return problem_set(
        parser->problem, ERR_INVALID, "something is missing; usage: tocsin %s%s%s %s",
        out->group->name, out->command->name == NULL ? "" : " ",
        out->command->name == NULL ? "" : out->command->name, out->command->operands);
}

enum err command_parse(struct arguments *arguments, const struct command_group *groups, int argc,
                       char *const *argv, struct problem *problem)
{
    struct parser parser = {.out = arguments,
                            .groups = groups,
                            .argv = argv,
                            .argc = argc,
                            .at = 1,
                            .problem = problem};
    *arguments = (struct arguments){0};
    for (; parser.at < argc; parser.at++) {
        enum err err = parse_word(&parser, argv[parser.at]);
        if (err != ERR_OK) {
            return err;
        }
    }
    return parse_check_complete(&parser);
}

bool arguments_has(const struct arguments *arguments, const char *name)
{
    for (unsigned i = 0; i < arguments->option_count; i++) {
        if (strcmp(arguments->options[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *arguments_next(const struct arguments *arguments, const char *name, unsigned *at)
{
    while (*at < arguments->option_count) {
        unsigned i = (*at)++;
        if (strcmp(arguments->options[i]->name, name) == 0) {
            return arguments->values[i];
        }
    }
    return NULL;
}

const char *arguments_value(const struct arguments *arguments, const char *name)
{
    const char *last = NULL;
    unsigned at = 0;
    for (const char *value = arguments_next(arguments, name, &at); value != NULL;
         value = arguments_next(arguments, name, &at)) {
        last = value;
    }
    return last;
}

enum err arguments_number(const struct arguments *arguments, const char *name, uint64_t min,
                          uint64_t max, uint64_t *number, struct problem *problem)
{
    const char *value = arguments_value(arguments, name);
    if (value == NULL || text_number(slice_str(value), min, max, number)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "--%s cannot be \"%s\"; it is a number from %" PRIu64 " to %" PRIu64, name,
                       value, min, max);
}

enum err arguments_decimal(const struct arguments *arguments, const char *name, double *number,
                           struct problem *problem)
{
    const char *value = arguments_value(arguments, name);
    char *end = NULL;
    if (value == NULL) {
        return ERR_OK;
    }
    double read = strtod(value, &end);
    bool is_decimal = value[strspn(value, "+-.0123456789eE")] == '\0'; /* strtod takes 0x10, too */
    if (!is_decimal || end == value || *end != '\0' || !isfinite(read)) {
        return problem_set(problem, ERR_INVALID,
                           "--%s takes a number, as 500 or 0.5, not \"%.64s\"", name, value);
    }
    *number = read;
    return ERR_OK;
}
