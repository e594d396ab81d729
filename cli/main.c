/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin: the operator's command. One call is one command: its words are parsed, the row of the
 * table is run, and its exit code is the program's.
 */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/command_table.h"
#include "common/interrupt.h"

/* The charset the user's terminal shows; then one in which widths of all characters are known. */
static bool locale_init(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
    (void)setlocale(LC_CTYPE, "");
    bool has_unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    /* NOLINTEND(concurrency-mt-unsafe) */
    return has_unicode;
}

/* A closed standard stream would become the number of the next file or socket, and what is printed
 * would go there: into a new secret key. Its number is taken by something that refuses it. */
static void keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

static enum exit_code print_help(const struct arguments *arguments, FILE *file)
{
    struct buf help = {0};
    command_help(&help, command_table, arguments->group, arguments->command);
    (void)fwrite(help.data, 1, help.len, file);
    buf_release(&help);
    return file == stdout ? EXIT_DONE : EXIT_USAGE;
}

static enum exit_code run(const struct arguments *arguments, bool has_unicode)
{
    struct cli cli;
    cli_init(&cli, arguments, has_unicode);
    enum exit_code code;
    if (cli.client == NULL && !arguments->command->is_offline) {
        code = cli_fail_here(&cli.client_problem);
    } else {
        code = arguments->command->run(&cli, arguments);
    }
    cli_release(&cli);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct problem problem;
    keep_standard_streams();
    bool has_unicode = locale_init();
    enum exit_code code;
    if (command_parse(&arguments, command_table, argc, argv, &problem) != ERR_OK) {
        code = cli_usage(&problem);
    } else if (arguments_has(&arguments, "version")) {
        printf("tocsin %s\n", TOCSIN_VERSION);
        code = EXIT_DONE;
    } else if (arguments_has(&arguments, "help")) {
        code = print_help(&arguments, stdout);
    } else if (arguments.command == NULL) {
        code = print_help(&arguments, stderr);
    } else {
        interrupt_init();
        code = run(&arguments, has_unicode);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "tocsin: standard output cannot be written\n");
        code = code == EXIT_DONE ? EXIT_ERROR : code;
    }
    return (int)code;
}
