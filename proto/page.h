/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: a sealed page, 1,024 consecutive recipients of one audience as one immutable value. It is
 * built once at sealing, stored, and sent to workers exactly as it is stored.
 *
 * Layout (version 1, little-endian):
 *     u8 version = 1 · u8 codec (enum page_codec) · u16 count (1..1024) · u16 columns · u16 zero
 *     u32 raw_bytes, the size of the body before compression
 *     body, compressed by the codec
 * Body, column after column in the order of the schema:
 *     u8 width (0, 1 or 2) · u32 blob_bytes · count lengths of `width` bytes each · blob
 * width 0 means that all values are empty. A value of length 0 is an absent value. All values are
 * UTF-8. Lengths and not offsets, because they compress a quarter better.
 *
 * The schema is stored apart, once an audience:
 *     u8 version = 1 · u8 columns
 *     per column: u8 field · u8 rank · u8 name_bytes · name
 *
 * To change the format: raise PAGE_VERSION; keep reading the versions before; add a golden page of
 * the old version to tests/unit/test_page.c; write the change down in docs/ledger.md.
 */
#ifndef TOCSIN_PROTO_PAGE_H
#define TOCSIN_PROTO_PAGE_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define PAGE_VERSION     1
#define PAGE_RECIPIENTS  1024
#define PAGE_COLUMNS_MAX 64
#define PAGE_VALUE_MAX   16384    /* bytes of one value, and of all values of one recipient */
#define PAGE_RAW_MAX     25165824 /* bytes of a body before compression: 24 MiB */
#define PAGE_NAME_MAX    64       /* bytes of a column's name */

enum page_codec { PAGE_RAW, PAGE_LZ4, PAGE_ZSTD };

/* What a column holds. Numbers are stored: add at the end. */
#define PAGE_FIELD_MAP(X)                                                                          \
    X(KEY, "id")                                                                                   \
    X(EMAIL, "email")                                                                              \
    X(PHONE, "phone")                                                                              \
    X(PUSH, "push_token")                                                                          \
    X(WEBHOOK, "webhook")                                                                          \
    X(LOCALE, "locale")                                                                            \
    X(TIMEZONE, "timezone")                                                                        \
    X(VARIABLE, "")

enum page_field {
#define PAGE_FIELD_MEMBER(name, word) PAGE_FIELD_##name,
    PAGE_FIELD_MAP(PAGE_FIELD_MEMBER)
#undef PAGE_FIELD_MEMBER
        PAGE_FIELDS
};

struct page_column {
    enum page_field field;
    unsigned rank;                /* 0 for `phone`, 1 for `phone.2`, ...; 0 for all but endpoints */
    char name[PAGE_NAME_MAX + 1]; /* as templates call it: "id", "phone", "phone.2", "first_name" */
};

/* The columns of an audience; column 0 is always PAGE_FIELD_KEY. A value. */
struct page_schema {
    unsigned count;
    struct page_column columns[PAGE_COLUMNS_MAX];
};

void page_schema_encode(const struct page_schema *schema, struct buf *buf);
/* All of `bytes` is the schema. ERR_CORRUPT if it is none (a key elsewhere than in column 0, a name
 * or an endpoint twice, a name that is no UTF-8); ERR_UNSUPPORTED for another version. The rest of
 * *schema is zeroed. */
enum err page_schema_decode(struct slice bytes, struct page_schema *schema) WARN_UNUSED;
/* The column called `name`, or -1. */
int page_schema_find(const struct page_schema *schema, struct slice name);
/* The column of the rank-th endpoint of a field, or -1. */
int page_schema_endpoint(const struct page_schema *schema, enum page_field field, unsigned rank);

/* One column while a page is being built: lengths and values as they come. */
struct page_builder_column {
    uint16_t lengths[PAGE_RECIPIENTS];
    struct buf blob;
};

struct page_builder {
    unsigned columns;
    unsigned count; /* rows so far */
    struct page_builder_column *column;
};

void page_builder_init(struct page_builder *builder, unsigned columns);
void page_builder_release(struct page_builder *builder);
void page_builder_clear(struct page_builder *builder);
/* values: one slice a column. The caller has checked the limits (PAGE_VALUE_MAX, UTF-8); false when
 * the page is full. */
bool page_builder_add(struct page_builder *builder, const struct slice *values);
/* Appends the sealed page (of one row or more) to buf. scratch is memory reused from call to call;
 * zstd_context may be NULL or a ZSTD_CCtx *. A body that a codec does not make smaller is stored as
 * PAGE_RAW. */
void page_seal(const struct page_builder *builder, enum page_codec codec, void *zstd_context,
               struct buf *scratch, struct buf *buf);

/* A page opened for reading; points into the bytes it was opened from or into its own scratch. */
struct page_view_column {
    const uint8_t *lengths;
    unsigned width;
    const uint8_t *blob;
    uint32_t blob_bytes;
    uint32_t at; /* cursor: offset in blob of the value of `row` */
};

struct page_view {
    unsigned count;
    unsigned columns;
    unsigned row; /* cursor: the row that page_value reads; count once past the end */
    struct page_view_column column[PAGE_COLUMNS_MAX];
    struct buf body; /* the decompressed body; reused from open to open */
};

/* Zeroed memory is a valid page_view. page_open may be called again on the same view: memory is
 * reused. */
void page_view_release(struct page_view *view);
/* Checks everything but UTF-8: sizes, counts, that the lengths add up to the blobs, that no
 * recipient has more than PAGE_VALUE_MAX. ERR_CORRUPT, or ERR_UNSUPPORTED for another version or
 * codec; the view is then empty. `bytes` must outlive the view. The cursor stands at row 0.
 * zstd_context: NULL or a ZSTD_DCtx *. */
enum err page_open(struct page_view *view, struct slice bytes, void *zstd_context) WARN_UNUSED;
/* Moves the cursor to a row >= the present one (cheap, walks forward), or anywhere (walks from 0 if
 * before). */
void page_seek(struct page_view *view, unsigned row);
/* The value of a column at the cursor; empty for a column that the page does not have. */
struct slice page_value(const struct page_view *view, unsigned column);
/* The count in a sealed page's header, without opening it; 0 if it is no page. */
unsigned page_count(struct slice bytes);

#endif
