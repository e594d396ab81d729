/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience_index: what is written once all pages are: the lookup index, and which places of the
 * pages are holes because their key came before.
 */
#ifndef TOCSIN_AUDIENCE_AUDIENCE_INDEX_H
#define TOCSIN_AUDIENCE_AUDIENCE_INDEX_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/audience/duplicates.h"
#include "coordinator/ledger/ledger.h"

struct audience_index {
    uint64_t duplicates;
    uint64_t with_fields[256]; /* of these, by the marks they were added with */
};

/* pages: how many the audience has. Takes a bit of memory for each of their places, touched only
 * near holes. ERR_NO_SPACE, ERR_IO. */
enum err audience_index_write(struct audience_index *index, struct ledger_audience *load,
                              struct duplicates *duplicates, uint32_t pages, unsigned threads,
                              struct problem *problem) WARN_UNUSED;

/* The index of the endpoints (endpoint_index.h), from what sealing added to `endpoints`. */
enum err audience_index_write_endpoints(struct ledger_audience *load, struct duplicates *endpoints,
                                        unsigned threads, struct problem *problem) WARN_UNUSED;

#endif
