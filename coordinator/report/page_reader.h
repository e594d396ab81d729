/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_reader: values of an audience's recipients by ordinal. Keeps the page it read last, so that
 * a walk in the order of the ordinals opens each page once.
 */
#ifndef TOCSIN_REPORT_PAGE_READER_H
#define TOCSIN_REPORT_PAGE_READER_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"

struct page_reader {
    struct ledger *ledger;
    uint64_t audience;
    struct page_view view;
    struct store_value value; /* holds what the view points into */
    void *zstd;               /* its context: to make one costs more than to open a page */
    bool is_open;
    uint32_t page;
    unsigned opened; /* pages opened so far: what a walk costs */
};

void page_reader_init(struct page_reader *reader, struct ledger *ledger, uint64_t audience);
void page_reader_release(struct page_reader *reader);
/* Then page_value(&reader->view, column) gives its values, until the next seek. ERR_NOT_FOUND,
 * ERR_CORRUPT, ERR_IO. */
enum err page_reader_seek(struct page_reader *reader, uint32_t ordinal) WARN_UNUSED;

#endif
