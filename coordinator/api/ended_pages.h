/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ended_pages: pages of lists of ended campaigns as they were last told. Whoever looks at a
 * campaign asks for its failures again and again, and so does everybody else who looks: as long as
 * nothing was added to the campaign's journal the answer is the same, and is not read again. A few,
 * and of no great length; those that were not asked for longest go. Loop's thread.
 */
#ifndef TOCSIN_API_ENDED_PAGES_H
#define TOCSIN_API_ENDED_PAGES_H

#include <stdint.h>

#include "common/slice.h"

struct ended_pages;

struct ended_page_key {
    uint64_t campaign;
    uint64_t rest; /* engine_rest */
    unsigned states;
    unsigned limit;
    uint32_t from;
};

struct ended_pages *ended_pages_new(void);
void ended_pages_free(struct ended_pages *pages);
/* The answer, until the next call; empty: it is not there. */
struct slice ended_pages_find(struct ended_pages *pages, const struct ended_page_key *key);
/* Copies, unless it is too long. */
void ended_pages_keep(struct ended_pages *pages, const struct ended_page_key *key,
                      struct slice text);

#endif
