/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define API_DEFAULT    "http://127.0.0.1:7480"
#define EVERY_DEFAULT  10000
#define EVERY_MAX_MS   3600000
#define NAME_MAX_CHARS 64
#define WORD_MAX_CHARS 20 /* `word+TOKEN` is a local part of at most 64 (RFC 5321) */

/* X(option, member, what stands behind it, help) */
#define TEXT_OPTION_MAP(X)                                                                         \
    X("--provider", provider, "NAME", "the provider whose mails come back (required)")             \
    X("--recipient", recipient, "ADDRESS", "to whom the MTA delivers; else $ORIGINAL_RECIPIENT")   \
    X("--maildir", maildir, "DIR", "watch this Maildir instead of reading one mail")               \
    X("--api", api, "URL", "the coordinator; else $TOCSIN_API, " API_DEFAULT)                      \
    X("--public", public, "URL", "its listen.public, if it has one: receipts go there")            \
    X("--token-file", token_file, "FILE",                                                          \
      "token of a relay, for replies; else $TOCSIN_TOKEN_FILE")                                    \
    X("--ca-file", ca_file, "FILE", "who signed its certificate; else $TOCSIN_CA_FILE")            \
    X("--bounces", bounces, "WORD", "bounces come to WORD+TOKEN@...; \"bounces\"")                 \
    X("--replies", replies, "WORD", "replies come to WORD+TOKEN@...; \"reply\"")                   \
    X("--counters", counters, "FILE", "count mails there, in Prometheus' text format")

struct text_option {
    const char *name;
    size_t offset;
};

static const struct text_option text_options[] = {
#define TEXT_OPTION(option, member, what, help) {option, offsetof(struct mail_options, member)},
    TEXT_OPTION_MAP(TEXT_OPTION)
#undef TEXT_OPTION
};

static const char *const option_names[] = {
#define OPTION_NAME(option, member, what, help) option,
    TEXT_OPTION_MAP(OPTION_NAME)
#undef OPTION_NAME
        "--every",
    "--log-level",
    "--help",
    "--version",
    NULL,
};

void mail_options_help(FILE *file)
{
    fputs(
        "tocsin-mailin --provider NAME [OPTION...] < mail\n"
        "tocsin-mailin --provider NAME --maildir DIR [OPTION...]\n\n"
        "Reads what comes back by mail (bounces, complaints, replies) and tells the coordinator.\n"
        "Ends with 0 when the mail was taken and with 75 when it must be tried again.\n\n",
        file);
#define PRINT_OPTION(option, member, what, help)                                                   \
    fprintf(file, "  %-13s %-8s %s\n", option, what, help);
    TEXT_OPTION_MAP(PRINT_OPTION)
#undef PRINT_OPTION
    fputs(
        "  --every       DURATION how often the Maildir is looked at besides when it changes; 10s\n"
        "  --log-level   LEVEL    error, warn, info or debug; info\n"
        "  --version, --help\n",
        file);
}

static const char **text_member(struct mail_options *options, const char *name)
{
    for (size_t i = 0; i < sizeof(text_options) / sizeof(text_options[0]); i++) {
        if (strcmp(name, text_options[i].name) == 0) {
            return (const char **)(void *)((char *)options + text_options[i].offset);
        }
    }
    return NULL;
}

static enum err read_value(struct mail_options *options, const char *name, const char *value,
                           struct problem *problem)
{
    const char **member = text_member(options, name);
    if (member != NULL) {
        *member = value;
        return ERR_OK;
    }
    if (strcmp(name, "--every") == 0) {
        return text_duration_ms(slice_str(value), &options->every_ms) && options->every_ms > 0 &&
                       options->every_ms <= EVERY_MAX_MS
                   ? ERR_OK
                   : problem_set(problem, ERR_INVALID,
                                 "--every %.40s is no duration up to 1h, such as 10s", value);
    }
    return log_level_parse(value, &options->log_level)
               ? ERR_OK
               : problem_set(problem, ERR_INVALID,
                             "--log-level %.40s is none of error, warn, info and debug", value);
}

static enum err unknown_option(const char *name, struct problem *problem)
{
    const char *nearest = text_nearest(name, option_names);
    return nearest == NULL
               ? problem_set(problem, ERR_INVALID, "%.80s is no option; see --help", name)
               : problem_set(problem, ERR_INVALID, "%.80s is no option; did you mean %s?", name,
                             nearest);
}

static bool is_known(const char *name)
{
    for (const char *const *known = option_names; *known != NULL; known++) {
        if (strcmp(*known, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err check(const struct mail_options *options, struct problem *problem)
{
    if (options->provider == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "--provider is missing: the name of the smtp provider in the "
                           "coordinator's settings");
    }
    if (!text_is_name(slice_str(options->provider), NAME_MAX_CHARS)) {
        return problem_set(problem, ERR_INVALID, "--provider %.80s is no name of a provider",
                           options->provider);
    }
    if (!text_is_name(slice_str(options->bounces), WORD_MAX_CHARS) ||
        !text_is_name(slice_str(options->replies), WORD_MAX_CHARS)) {
        return problem_set(problem, ERR_INVALID,
                           "--bounces and --replies are words of up to %d letters, digits, and _ . "
                           "-",
                           WORD_MAX_CHARS);
    }
    return ERR_OK;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    return value == NULL || *value == '\0' ? NULL : value;
}

enum err mail_options_read(struct mail_options *options, int argc, char **argv,
                           struct problem *problem)
{
    const char *api = environment("TOCSIN_API");
    *options = (struct mail_options){
        .api = api == NULL ? API_DEFAULT : api,
        .token_file = environment("TOCSIN_TOKEN_FILE"),
        .ca_file = environment("TOCSIN_CA_FILE"),
        .recipient = environment("ORIGINAL_RECIPIENT"),
        .bounces = "bounces",
        .replies = "reply",
        .every_ms = EVERY_DEFAULT,
        .log_level = LOG_INFO,
    };
    enum err err = ERR_OK;
    for (int i = 1; err == ERR_OK && i < argc; i += 2) {
        options->wants_help = options->wants_help || strcmp(argv[i], "--help") == 0;
        options->wants_version = options->wants_version || strcmp(argv[i], "--version") == 0;
        if (options->wants_help || options->wants_version) {
            return ERR_OK;
        }
        if (!is_known(argv[i])) {
            return unknown_option(argv[i], problem);
        }
        if (i + 1 == argc) {
            return problem_set(problem, ERR_INVALID, "%s wants something behind it", argv[i]);
        }
        err = read_value(options, argv[i], argv[i + 1], problem);
    }
    return err == ERR_OK ? check(options, problem) : err;
}
