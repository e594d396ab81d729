/* SPDX-License-Identifier: Apache-2.0 */
#include "common/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void exposition_family(struct buf *text, const char *name, const char *type, const char *help)
{
    buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_label(struct buf *text, const char *label, const char *value)
{
    buf_printf(text, "%s=\"", label);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            buf_u8(text, '\\');
        }
        buf_u8(text, *value == '\n' ? ' ' : (uint8_t)*value);
    }
    buf_u8(text, '"');
}

void exposition_sample(struct buf *text, const char *name, const char *label, const char *value,
                       uint64_t number)
{
    buf_printf(text, "%s{", name);
    exposition_label(text, label, value);
    buf_printf(text, "} %" PRIu64 "\n", number);
}

void exposition_counter(struct buf *text, const char *name, const char *help, uint64_t number)
{
    exposition_family(text, name, "counter", help);
    buf_printf(text, "%s %" PRIu64 "\n", name, number);
}

void exposition_gauge(struct buf *text, const char *name, const char *help, uint64_t number)
{
    exposition_family(text, name, "gauge", help);
    buf_printf(text, "%s %" PRIu64 "\n", name, number);
}

void exposition_seconds(struct buf *text, const char *name, const char *type, const char *help,
                        double number)
{
    exposition_family(text, name, type, help);
    buf_printf(text, "%s %.6f\n", name, number);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static uint64_t resident_bytes(void)
{
    uint64_t bytes = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm != NULL) {
        char line[128] = "";
        char *at = fgets(line, sizeof(line), statm);
        if (at != NULL) { /* "size resident ...", in pages */
            (void)strtoull(at, &at, 10);
            bytes = strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
        }
        (void)fclose(statm);
    }
    return bytes;
}

void exposition_process(struct buf *text, uint64_t started_ms)
{
    exposition_seconds(text, "process_cpu_seconds_total", "counter",
                       "CPU time used, user and system.", cpu_seconds());
    exposition_gauge(text, "process_resident_memory_bytes", "Memory that is resident.",
                     resident_bytes());
    exposition_seconds(text, "process_start_time_seconds", "gauge",
                       "When this life began, since 1970.", (double)started_ms / 1000);
}
