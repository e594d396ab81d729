/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/coordinator.h"
#include "coordinator/settings_report.h"

/* Exit statuses, as tocsin-coordinator --help lists them. */
enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_DAMAGED = 3 };

static const char HELP[] =
    "Usage: tocsin-coordinator [--config FILE]\n"
    "       tocsin-coordinator --check [--config FILE]\n"
    "       tocsin-coordinator --check-settings FILE\n"
    "\n"
    "Keeps the ledger, partitions campaigns over the workers and serves the HTTP API.\n"
    "\n"
    "  --config FILE          settings in YAML; TOCSIN_COORDINATOR_... in the environment override "
    "them\n"
    "  --check                read the whole ledger of a coordinator that is not running, verify "
    "every\n"
    "                         checksum and the chain of records, and say what is damaged\n"
    "  --check-settings FILE  say what is wrong with a settings file, or print what it comes to as "
    "JSON\n"
    "  --version, --help\n"
    "\n"
    "SIGTERM makes durable what was decided and ends. SIGHUP reads the secrets anew that receipts\n"
    "are checked with, and the certificate of listen.tls, and makes new tokens of providers. Exit "
    "status: 0 good, 1 it failed,\n"
    "2 wrong usage, 3 the ledger is damaged.\n";

enum mode { MODE_RUN, MODE_CHECK, MODE_CHECK_SETTINGS };

static int run(const struct coordinator_settings *settings)
{
    struct coordinator *coordinator = NULL;
    struct problem problem = {0};
    if (coordinator_open(&coordinator, settings, &problem) != ERR_OK) {
        fprintf(stderr, "tocsin-coordinator: %s\n", problem.text);
        return problem.err == ERR_CORRUPT ? EXIT_DAMAGED : EXIT_BAD;
    }
    coordinator_run(coordinator);
    coordinator_close(coordinator);
    return EXIT_GOOD;
}

static int check(const struct coordinator_settings *settings)
{
    struct problem problem = {0};
    long damages = coordinator_check(settings, &problem);
    if (damages < 0) {
        fprintf(stderr, "tocsin-coordinator: %s\n", problem.text);
        return problem.err == ERR_CORRUPT ? EXIT_DAMAGED : EXIT_BAD;
    }
    return damages > 0 ? EXIT_DAMAGED : EXIT_GOOD;
}

static int print_settings(const struct coordinator_settings *settings)
{
    struct buf report = {0};
    settings_report(settings, &report);
    fputs(buf_cstr(&report), stdout);
    buf_release(&report);
    return EXIT_GOOD;
}

/* -1: go on; else the status to exit with. */
static int read_options(int argc, char **argv, enum mode *mode, const char **config)
{
    static const struct option OPTIONS[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"check-settings", required_argument, NULL, 's'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "c:h", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'c':
            *config = optarg;
            break;
        case 'k':
            *mode = MODE_CHECK;
            break;
        case 's':
            *mode = MODE_CHECK_SETTINGS;
            *config = optarg;
            break;
        case 'v':
            printf("tocsin-coordinator %s\n", TOCSIN_VERSION);
            return EXIT_GOOD;
        case 'h':
            fputs(HELP, stdout);
            return EXIT_GOOD;
        default:
            fputs("Try tocsin-coordinator --help.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "tocsin-coordinator: \"%s\" is not an option; try --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

int main(int argc, char **argv)
{
    enum mode mode = MODE_RUN;
    const char *config = NULL;
    int status = read_options(argc, argv, &mode, &config);
    if (status >= 0) {
        return status;
    }
    if (sodium_init() < 0) {
        fputs("tocsin-coordinator: libsodium could not be initialised\n", stderr);
        return EXIT_BAD;
    }
    signal(SIGPIPE, SIG_IGN);
    (void)umask(S_IRWXG | S_IRWXO);            /* what it keeps of people is for its owner alone */
    json_set_alloc_funcs(mem_alloc, mem_free); /* no memory: it ends there, too */
    struct coordinator_settings *settings = NULL;
    struct problem problem = {0};
    if (coordinator_settings_load(&settings, config, environ, &problem) != ERR_OK) {
        fprintf(stderr, "tocsin-coordinator: %s\n", problem.text);
        return EXIT_BAD;
    }
    log_init(settings->log_level, STDERR_FILENO);
    status = mode == MODE_RUN     ? run(settings)
             : mode == MODE_CHECK ? check(settings)
                                  : print_settings(settings);
    coordinator_settings_free(settings);
    return status;
}
