/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_floor_csv FILE: reads a CSV file and does nothing but find the ends of its fields and rows,
 * on one thread: the floor of `bench/run ingest`. Quoted line breaks are not understood; it is a
 * floor, not a parser.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define CHUNK_BYTES (1 << 20)

/* Ends of fields in [at, end) that lie in whole rows; *rest gets where the last, broken-off row
 * begins. */
static uint64_t scan(const char *at, const char *end, uint64_t *rows, const char **rest)
{
    uint64_t fields = 0;
    const char *newline = NULL;
    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        for (const char *comma = at;
             (comma = memchr(comma, ',', (size_t)(newline - comma))) != NULL; comma++) {
            fields++;
        }
        (*rows)++;
        at = newline + 1;
    }
    *rest = at;
    return fields;
}

int main(int argc, char **argv)
{
    static char bytes[CHUNK_BYTES * 2];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fputs("usage: bench_floor_csv FILE\n", stderr);
        return 2;
    }
    uint64_t began_us = clock_monotonic_us();
    uint64_t rows = 0;
    uint64_t fields = 0;
    size_t kept = 0;
    size_t got = 0;
    while ((got = fread(bytes + kept, 1, CHUNK_BYTES, file)) > 0) {
        const char *rest = bytes;
        fields += scan(bytes, bytes + kept + got, &rows, &rest);
        kept = (size_t)(bytes + kept + got - rest);
        if (kept > CHUNK_BYTES) {
            return 1; /* a row of a megabyte is none that this program was made for */
        }
        memmove(bytes, rest, kept);
    }
    (void)fclose(file);
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    printf("{\"count\":%" PRIu64 ",\"fields\":%" PRIu64
           ",\"seconds\":%.6f,\"per_s\":%.0f,\"cpu_us\":%.0f}\n",
           rows, fields, seconds, (double)rows / seconds, seconds * 1e6);
    return 0;
}
