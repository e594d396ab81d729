/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_make_tokens DATA_DIR CAMPAIGN PEOPLE COUNT > FILE
 *
 * Delivery tokens of the first attempt of a campaign's first step, for COUNT different ones of its
 * PEOPLE, spread at random; a line each. The key is that of the ledger in DATA_DIR, whose
 * coordinator must not be running.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/ledger/ledger.h"
#include "proto/token.h"

static int complain(const struct problem *problem)
{
    fprintf(stderr, "bench_make_tokens: %s\n", problem->text);
    return EXIT_FAILURE;
}

/* Another place for each, all over 0 .. 2^bits - 1: each step of it can be undone. */
static uint64_t scatter(uint64_t at, unsigned bits)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    for (unsigned round = 0; round < 3; round++) {
        at = (at * UINT64_C(0x9E3779B97F4A7C15) + round) & mask;
        at ^= at >> (bits / 2);
    }
    return at;
}

static void put_tokens(const uint8_t key[HASH_KEY_BYTES], uint64_t campaign, uint64_t people,
                       uint64_t count)
{
    char line[TOKEN_CHARS + 1];
    unsigned bits = 1;
    while (UINT64_C(1) << bits < people) {
        bits++;
    }
    line[TOKEN_CHARS] = '\n';
    for (uint64_t at = 0; count > 0 && at < UINT64_C(1) << bits; at++) {
        uint64_t ordinal = scatter(at, bits);
        if (ordinal >= people) {
            continue;
        }
        count--;
        const struct token token = {
            .campaign = campaign, .ordinal = (uint32_t)ordinal, .step = 0, .attempt = 0};
        token_write(&token, key, line);
        (void)fwrite(line, 1, sizeof(line), stdout);
    }
}

int main(int argc, char **argv)
{
    struct problem problem = {0};
    struct store *store = NULL;
    struct ledger *ledger = NULL;
    if (argc != 5 || sodium_init() < 0 || strtoull(argv[3], NULL, 10) == 0) {
        fprintf(stderr, "usage: bench_make_tokens DATA_DIR CAMPAIGN PEOPLE COUNT\n");
        return 2;
    }
    const struct store_rocks_settings settings = {.dir = argv[1], .read_only = true};
    if (store_rocks_open(&store, &settings, &problem) != ERR_OK ||
        ledger_open(&ledger, store, &problem) != ERR_OK) {
        return complain(&problem);
    }
    put_tokens(ledger_token_key(ledger), strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
               strtoull(argv[4], NULL, 10));
    ledger_close(ledger);
    return EXIT_SUCCESS;
}
