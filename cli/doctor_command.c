/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/command_table.h"
#include "cli/doctor.h"
#include "cli/human.h"

#define TEXT_MAX 600

static void tell_json(struct cli *cli, enum doctor_result result, const char *check,
                      const char *text)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    json_t *line =
        json_pack("{s:s, s:s, s:s}", "check", check, "result", words[result], "detail", text);
    cli_print_json(cli, line);
    json_decref(line);
}

static void tell_text(struct cli *cli, enum doctor_result result, const char *text)
{
    static const char *const words[] = {"ok  ", "warn", "FAIL"};
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    bool has_colour = cli->out.has_colour;
    if (result != DOCTOR_OK || !cli->is_quiet) {
        fprintf(cli->out.file, "%s%s%s  %s\n", has_colour ? colours[result] : "", words[result],
                has_colour ? "\033[0m" : "", text);
    }
}

void doctor_tell(struct doctor *doctor, enum doctor_result result, const char *check,
                 const char *format, ...)
{
    char text[TEXT_MAX];
    struct buf safe = {0};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    human_text(&safe, slice_str(text));
    if (doctor->cli->is_json) {
        tell_json(doctor->cli, result, check, buf_cstr(&safe));
    } else {
        tell_text(doctor->cli, result, buf_cstr(&safe));
    }
    buf_release(&safe);
    doctor->warnings += result == DOCTOR_WARN ? 1 : 0;
    doctor->failures += result == DOCTOR_FAIL ? 1 : 0;
    if (result == DOCTOR_FAIL && doctor->code == EXIT_DONE) {
        doctor->code = EXIT_ERROR;
    }
}

static enum exit_code run_doctor(struct cli *cli, const struct arguments *arguments)
{
    struct doctor doctor = {.cli = cli, .code = EXIT_DONE};
    const char *file = arguments_value(arguments, "config");
    struct buf closing = {0};
    if (file == NULL) {
        doctor_check_cluster(&doctor);
    } else {
        doctor_check_settings(&doctor, file);
    }
    if (doctor.failures > 0) {
        human_plural(&closing, doctor.failures, "thing", "things");
        buf_str(&closing, " to mend");
    } else if (doctor.warnings > 0) {
        buf_str(&closing, "It works; ");
        human_plural(&closing, doctor.warnings, "warning", "warnings");
    } else {
        buf_str(&closing, "All is well.");
    }
    cli_say(cli, "%s", buf_cstr(&closing));
    buf_release(&closing);
    return doctor.code;
}

static const struct option doctor_options[] = {
    {"config", "FILE", "check a coordinator's settings file instead, before it is started"},
    {NULL, NULL, NULL},
};

const struct command doctor_commands[] = {
    {
        .name = NULL,
        .operands = "",
        .summary = "find out what is wrong, and what to do about it",
        .details =
            "Asks a running cluster: is the API there, is the token right, do the versions fit,\n"
            "is the coordinator ready, are workers connected, are providers' breakers closed, is\n"
            "there room on the disk. With --config it looks before the start: are the settings\n"
            "right, is the data directory writable, are the ports free, is the certificate of\n"
            "listen.tls good and for how long, do the providers' hosts take connections.\n\n"
            "  tocsin doctor\n"
            "  tocsin doctor --config /etc/tocsin/coordinator.yaml\n",
        .options = doctor_options,
        .is_offline = true,
        .run = run_doctor,
    },
    {.run = NULL},
};
