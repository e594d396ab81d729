/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/page_reader.h"

#include <zstd.h>

void page_reader_init(struct page_reader *reader, struct ledger *ledger, uint64_t audience)
{
    *reader = (struct page_reader){.ledger = ledger, .audience = audience};
}

static void close_page(struct page_reader *reader)
{
    if (reader->is_open) {
        store_value_release(&reader->value);
        reader->is_open = false;
    }
}

void page_reader_release(struct page_reader *reader)
{
    close_page(reader);
    page_view_release(&reader->view);
    ZSTD_freeDCtx(reader->zstd);
    reader->zstd = NULL;
}

static enum err open_page(struct page_reader *reader, uint32_t page)
{
    close_page(reader);
    enum err err = ledger_page(reader->ledger, reader->audience, page, &reader->value);
    if (err != ERR_OK) {
        return err;
    }
    reader->is_open = true;
    reader->page = page;
    reader->opened++;
    if (reader->zstd == NULL) {
        reader->zstd = ZSTD_createDCtx();
    }
    return page_open(&reader->view, reader->value.bytes, reader->zstd);
}

enum err page_reader_seek(struct page_reader *reader, uint32_t ordinal)
{
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    if (!reader->is_open || reader->page != page) {
        enum err err = open_page(reader, page);
        if (err != ERR_OK) {
            close_page(reader);
            return err;
        }
    }
    if (ordinal % PAGE_RECIPIENTS >= reader->view.count) {
        return ERR_NOT_FOUND;
    }
    page_seek(&reader->view, ordinal % PAGE_RECIPIENTS);
    return ERR_OK;
}
