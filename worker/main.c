/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "proto/adapter.h"
#include "worker/crew.h"
#include "worker/provider_check.h"
#include "worker/worker_settings.h"

/* Exit statuses, as tocsin-worker --help lists them. */
enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

static const char help[] =
    "Usage: tocsin-worker [--config FILE] [--name NAME] [--coordinator URL] [--threads N]\n"
    "                     [--log LEVEL] [--metrics ADDRESS [--metrics-allow-remote]]\n"
    "       tocsin-worker --check-providers < SETTINGS.json\n"
    "\n"
    "Takes batches from the coordinator and sends them through its providers. Keeps nothing on "
    "disk.\n"
    "\n"
    "  --config FILE      settings in YAML; TOCSIN_WORKER_... in the environment override them,\n"
    "                     and these options override both\n"
    "  --name NAME        unique in the cluster; the host's name if not given\n"
    "  --coordinator URL  its endpoint for workers; tcp://127.0.0.1:7400 if not given\n"
    "  --threads N        loops, each a worker of its own: NAME, NAME/2, ...; 1 if not given\n"
    "  --log LEVEL        error, warn, info (if not given) or debug\n"
    "  --metrics ADDRESS  serve GET /metrics for Prometheus there, 127.0.0.1:9465 for example;\n"
    "                     nowhere if not given\n"
    "  --metrics-allow-remote  the address may be one that other machines reach: whoever does\n"
    "                     can read them, and so can all on the way; without it, loopback only\n"
    "  --check-providers  say whether the providers that tocsin-coordinator --check-settings\n"
    "                     printed can be opened here: one JSON object for each; sends nothing\n"
    "  --version, --help\n"
    "\n"
    "SIGTERM and SIGINT drain: what is under way is finished and reported, the rest goes back "
    "unsent.\n"
    "A second one ends at once. SIGHUP reads the providers' secrets anew. Exit status: 0 drained, "
    "1 it failed, 2 wrong usage.\n";

static void print_version(void)
{
    printf("tocsin-worker %s\nadapters:", TOCSIN_VERSION);
    for (const char *const *name = adapter_names(); *name != NULL; name++) {
        printf(" %s", *name);
    }
    printf("\n");
}

static int check_providers(void)
{
    json_error_t error;
    struct problem problem = {0};
    json_t *report = NULL;
    json_t *input = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);
    enum err err = provider_check(input, &report, &problem);
    size_t i;
    json_t *line;
    json_array_foreach(report, i, line)
    {
        (void)json_dumpf(line, stdout, JSON_COMPACT);
        puts("");
    }
    if (err != ERR_OK) {
        fprintf(stderr, "tocsin-worker: %s\n", problem.text);
    }
    json_decref(report);
    json_decref(input);
    return err == ERR_OK ? EXIT_GOOD : EXIT_USAGE;
}

/* -1: go on; else the status to exit with. */
static int read_options(int argc, char **argv, struct worker_arguments *arguments)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"coordinator", required_argument, NULL, 'u'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"metrics", required_argument, NULL, 'm'},
                                            {"metrics-allow-remote", no_argument, NULL, 'r'},
                                            {"check-providers", no_argument, NULL, 'p'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            arguments->config = optarg;
            break;
        case 'n':
            arguments->name = optarg;
            break;
        case 'u':
            arguments->coordinator = optarg;
            break;
        case 't':
            arguments->threads = optarg;
            break;
        case 'l':
            arguments->log_level = optarg;
            break;
        case 'm':
            arguments->metrics = optarg;
            break;
        case 'r':
            arguments->metrics_allow_remote = true;
            break;
        case 'p':
            return check_providers();
        case 'v':
            print_version();
            return EXIT_GOOD;
        case 'h':
            fputs(help, stdout);
            return EXIT_GOOD;
        default:
            fputs("Try tocsin-worker --help.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "tocsin-worker: \"%s\" is not an option; try --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct worker_arguments arguments = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0) {
        fputs("tocsin-worker: libsodium could not be initialised\n", stderr);
        return EXIT_BAD;
    }
    int status = read_options(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    struct worker_settings *settings = NULL;
    struct problem problem = {0};
    enum err err = worker_settings_load(&settings, &arguments, environ, &problem);
    if (err == ERR_OK) {
        log_init(settings->log_level, STDERR_FILENO);
        err = crew_run(settings, TOCSIN_VERSION, &problem);
    }
    if (err != ERR_OK) {
        fprintf(stderr, "tocsin-worker: %s\n", problem.text);
    }
    worker_settings_free(settings);
    return err == ERR_OK ? EXIT_GOOD : EXIT_BAD;
}
