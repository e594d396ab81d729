/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly all rows of nearly all files hold no quote. For these, 64 bytes at a time are turned into
 * one word with a bit for each delimiter, quote and line feed, and the parser hops from bit to bit;
 * the word lives on in struct csv from row to row, so that every byte is looked at once. A row that
 * turns out to hold a quote is started again by the careful path, which goes field by field.
 *
 * The careful path looks first and changes after: quotes are undoubled only when the whole row is
 * there, because a row that is cut off is parsed again when more has come. To keep that from
 * becoming quadratic when bytes drip in, a row that was cut off is left alone until an eighth more
 * of it is there (`retry`).
 *
 * Whatever is decided about a row depends on its first CSV_ROW_MAX bytes alone, never on where the
 * pieces end.
 */
#include "coordinator/audience/csv.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { CSV_BLOCK = 64 };

_Static_assert(CSV_BLOCK <= WINDOW_SLACK, "a block may reach behind the window's end");

static const char *const flaw_sentences[] = {
#define CSV_FLAW_SENTENCE(name, sentence) [CSV_FLAW_##name] = (sentence),
    CSV_FLAW_MAP(CSV_FLAW_SENTENCE)
#undef CSV_FLAW_SENTENCE
};

const char *csv_flaw_sentence(enum csv_flaw flaw)
{
    return flaw_sentences[flaw];
}

/* Marks */

#if defined(__SSE2__)
static inline uint64_t mark_16(const uint8_t *at, __m128i delimiter, unsigned *special)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i feed = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'));
    __m128i mark =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    /* Signed comparison: everything above 0x7f is negative, hence below a space as well. */
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    __m128i fine = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')),
                                _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), feed));
    *special |= (unsigned)_mm_movemask_epi8(_mm_andnot_si128(fine, low));
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(mark, feed));
}

static inline uint64_t mark_64(const uint8_t *at, uint8_t delimiter, bool *has_special)
{
    __m128i same = _mm_set1_epi8((char)delimiter);
    unsigned special = 0;
    uint64_t marks = mark_16(at, same, &special);
    marks |= mark_16(at + 16, same, &special) << 16;
    marks |= mark_16(at + 32, same, &special) << 32;
    marks |= mark_16(at + 48, same, &special) << 48;
    *has_special = special != 0;
    return marks;
}
#else
static inline uint64_t mark_64(const uint8_t *at, uint8_t delimiter, bool *has_special)
{
    uint64_t marks = 0;
    bool special = false;
    for (unsigned i = 0; i < CSV_BLOCK; i++) {
        uint8_t c = at[i];
        uint64_t is_mark = c == delimiter || c == '"' || c == '\n';
        marks |= is_mark << i;
        special |= c >= 0x80 || (c < ' ' && c != '\r' && c != '\t' && c != '\n');
    }
    *has_special = special;
    return marks;
}
#endif

/* Forgets the marks: they are made anew from window.start on. */
static void marks_reset(struct csv *csv)
{
    csv->block = csv->window.start - CSV_BLOCK; /* may wrap round, and back at the next step */
    csv->marks = 0;
    csv->has_special = false;
}

/* Steps to the next block with a mark in it; false at the end of the window. */
static inline bool marks_next(struct csv *csv, bool *has_special)
{
    size_t end = csv->window.end;
    while (csv->marks == 0) {
        csv->block += CSV_BLOCK;
        if (csv->block >= end) {
            return false;
        }
        csv->marks = mark_64(csv->window.data + csv->block, csv->delimiter, &csv->has_special);
        *has_special |= csv->has_special;
        size_t left = end - csv->block;
        if (left < CSV_BLOCK) {
            csv->marks &= (UINT64_C(1) << left) - 1;
        }
    }
    return true;
}

/* Is there nothing in [from, to), or in the rest of its last block, that is_plain excludes? */
static bool is_plain(const struct csv *csv, size_t from, size_t to)
{
    bool has_special = false;
    for (; from < to && !has_special; from += CSV_BLOCK) {
        (void)mark_64(csv->window.data + from, csv->delimiter, &has_special);
    }
    return !has_special;
}

/* Endings of a row */

static enum csv_status cut_off(struct csv *csv)
{
    size_t pending = window_pending(&csv->window);
    csv->retry = pending + pending / 8 + 1;
    return CSV_MORE;
}

static enum csv_status broken(struct csv *csv, struct csv_row *row, enum csv_flaw flaw)
{
    row->flaw = flaw;
    row->line = csv->line;
    /* How many fields of an endless row were seen depends on how much of it there is. */
    row->count = flaw == CSV_FLAW_TOO_LONG ? 0 : row->count;
    csv->is_skipping = true;
    return CSV_BROKEN;
}

/* The row cannot be completed from what is in the window. */
static enum csv_status incomplete(struct csv *csv, struct csv_row *row)
{
    if (window_pending(&csv->window) >= CSV_ROW_MAX) {
        return broken(csv, row, CSV_FLAW_TOO_LONG);
    }
    /* csv_end has put a line feed behind the last row: only a quote can still be open. */
    return csv->has_ended ? broken(csv, row, CSV_FLAW_OPEN_QUOTE) : cut_off(csv);
}

static void trim_return(struct cell *last)
{
    if (last->len > 0 && last->text[last->len - 1] == '\r') {
        last->len--;
    }
}

/* The careful path */

enum field_end { FIELD_FOLLOWS, FIELD_IS_LAST, FIELD_CUT_OFF, FIELD_FLAWED };

/* What stands at `at` when a field ought to be over? */
static enum field_end field_end_at(const struct csv *csv, size_t at, size_t limit)
{
    const uint8_t *data = csv->window.data;
    if (at >= limit) {
        return FIELD_CUT_OFF;
    }
    if (data[at] == csv->delimiter) {
        return FIELD_FOLLOWS;
    }
    return data[at] == '\n' ? FIELD_IS_LAST : FIELD_FLAWED;
}

/* A field that begins with the quote at *at. *at is left on what ends it. */
static enum field_end quoted_field(const struct csv *csv, size_t *at, size_t limit,
                                   struct cell *cell, bool *is_doubled)
{
    const struct window *window = &csv->window;
    size_t from = *at + 1;
    size_t quote = window_find(window, '"', from, limit);
    while (quote + 1 < limit && window->data[quote + 1] == '"') {
        *is_doubled = true;
        quote = window_find(window, '"', quote + 2, limit);
    }
    if (quote + 1 >= limit) {
        return FIELD_CUT_OFF;
    }
    *cell = (struct cell){window->data + from, quote - from};
    *at = quote + 1;
    if (window->data[*at] == '\r') {
        if (*at + 1 >= limit) {
            return FIELD_CUT_OFF;
        }
        *at += window->data[*at + 1] == '\n';
    }
    return field_end_at(csv, *at, limit);
}

static enum field_end bare_field(const struct csv *csv, size_t *at, size_t limit, struct cell *cell)
{
    const uint8_t *data = csv->window.data;
    size_t from = *at;
    size_t to = from;
    while (to < limit && data[to] != csv->delimiter && data[to] != '\n' && data[to] != '"') {
        to++;
    }
    *at = to;
    *cell = (struct cell){csv->window.data + from, to - from};
    enum field_end end = field_end_at(csv, to, limit);
    if (end == FIELD_IS_LAST) {
        trim_return(cell);
    }
    return end;
}

static void undouble(struct cell *cell)
{
    size_t to = 0;
    for (size_t from = 0; from < cell->len; from++) {
        cell->text[to++] = cell->text[from];
        from += cell->text[from] == '"';
    }
    cell->len = to;
}

static void row_passed(struct csv *csv, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        at = window_find(&csv->window, '\n', at, to);
        csv->line += at < to;
    }
    csv->window.start = to;
    marks_reset(csv);
}

static enum csv_status quoted_row(struct csv *csv, struct csv_row *row)
{
    struct window *window = &csv->window;
    size_t limit = window->end;
    if (window_pending(window) > CSV_ROW_MAX) {
        limit = window->start + CSV_ROW_MAX;
    }
    uint64_t doubled = 0;
    size_t at = window->start;
    enum field_end end = FIELD_FOLLOWS;
    for (row->count = 0; end == FIELD_FOLLOWS; at++) {
        struct cell cell = {0};
        bool is_quoted = at < limit && window->data[at] == '"';
        bool is_doubled = false;
        end = is_quoted ? quoted_field(csv, &at, limit, &cell, &is_doubled)
                        : bare_field(csv, &at, limit, &cell);
        if (row->count < CSV_FIELDS_MAX) {
            row->fields[row->count] = cell;
            doubled |= (uint64_t)is_doubled << row->count;
        }
        row->count++;
        if (end == FIELD_CUT_OFF) {
            return incomplete(csv, row);
        }
        if (end == FIELD_FLAWED) {
            return broken(csv, row, is_quoted ? CSV_FLAW_AFTER_QUOTE : CSV_FLAW_STRAY_QUOTE);
        }
    }
    for (; doubled != 0; doubled &= doubled - 1) {
        undouble(&row->fields[__builtin_ctzll(doubled)]);
    }
    row->line = csv->line;
    row->is_plain = is_plain(csv, window->start, at);
    row->has_quotes = true;
    row_passed(csv, window->start, at);
    return CSV_ROW;
}

/* The fast path */

static enum csv_status whole_row(struct csv *csv, struct csv_row *row, size_t end)
{
    if (end - csv->window.start > CSV_ROW_MAX) {
        return broken(csv, row, CSV_FLAW_TOO_LONG);
    }
    if (row->count <= CSV_FIELDS_MAX) {
        trim_return(&row->fields[row->count - 1]);
    }
    row->line = csv->line++;
    csv->window.start = end;
    return CSV_ROW;
}

static enum csv_status plain_row(struct csv *csv, struct csv_row *row)
{
    uint8_t *data = csv->window.data;
    size_t from = csv->window.start;
    bool has_special = csv->has_special;
    row->count = 0;
    while (marks_next(csv, &has_special)) {
        size_t at = csv->block + (unsigned)__builtin_ctzll(csv->marks);
        uint8_t mark = data[at];
        if (mark == '"') {
            return quoted_row(csv, row);
        }
        csv->marks &= csv->marks - 1;
        if (row->count < CSV_FIELDS_MAX) {
            row->fields[row->count] = (struct cell){data + from, at - from};
        }
        row->count++;
        from = at + 1;
        if (mark == '\n') {
            row->is_plain = !has_special;
            row->has_quotes = false;
            return whole_row(csv, row, from);
        }
    }
    return incomplete(csv, row);
}

static bool is_empty_line(const struct csv_row *row)
{
    return row->count == 1 && row->fields[0].len == 0 && !row->has_quotes;
}

/* Before a row */

/* The delimiter that the line uses outside of quotes: a comma if there is one, else the more
 * frequent of the others. */
static uint8_t detect(const uint8_t *line, size_t len)
{
    unsigned commas = 0;
    unsigned semicolons = 0;
    unsigned tabs = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < len; i++) {
        is_quoted ^= line[i] == '"';
        commas += !is_quoted && line[i] == ',';
        semicolons += !is_quoted && line[i] == ';';
        tabs += !is_quoted && line[i] == '\t';
    }
    if (commas > 0 || semicolons + tabs == 0) {
        return ',';
    }
    return semicolons >= tabs ? ';' : '\t';
}

/* Waits for the first line, to pass over the mark in front and to find the delimiter. */
static bool begin(struct csv *csv)
{
    struct window *window = &csv->window;
    size_t most = window_pending(window) < CSV_ROW_MAX ? window_pending(window) : CSV_ROW_MAX;
    size_t limit = window->start + most;
    size_t feed = window_find(window, '\n', window->start, limit);
    if (feed == limit && most < CSV_ROW_MAX && !csv->has_ended) {
        return false;
    }
    csv->has_begun = true;
    if (csv->delimiter == CSV_DETECT) {
        csv->delimiter =
            most == 0 ? ',' : detect(window->data + window->start, feed - window->start);
    }
    if (most >= 3 && memcmp(window->data + window->start, "\xef\xbb\xbf", 3) == 0) {
        window->start += 3;
    }
    marks_reset(csv);
    return true;
}

/* Drops what is left of a broken line; false when its end has not come yet. */
static bool skip(struct csv *csv)
{
    struct window *window = &csv->window;
    size_t feed = window_find(window, '\n', window->start, window->end);
    bool is_over = feed < window->end;
    window->start = is_over ? feed + 1 : feed;
    csv->line += is_over;
    csv->is_skipping = !is_over;
    marks_reset(csv);
    return is_over;
}

void csv_init(struct csv *csv, char delimiter)
{
    *csv = (struct csv){.line = 1, .delimiter = (uint8_t)delimiter};
}

void csv_release(struct csv *csv)
{
    window_release(&csv->window);
}

void csv_push(struct csv *csv, struct slice bytes)
{
    window_push(&csv->window, bytes);
    marks_reset(csv);
}

void csv_end(struct csv *csv)
{
    struct window *window = &csv->window;
    csv->has_ended = true;
    csv->retry = 0;
    if (window_pending(window) > 0 && window->data[window->end - 1] != '\n') {
        csv_push(csv, slice_str("\n"));
    }
}

enum csv_status csv_next(struct csv *csv, struct csv_row *row)
{
    for (;;) {
        if (csv->is_skipping && !skip(csv)) {
            return csv->has_ended ? CSV_DONE : CSV_MORE;
        }
        if (!csv->has_begun && !begin(csv)) {
            return CSV_MORE;
        }
        if (window_pending(&csv->window) == 0) {
            return csv->has_ended ? CSV_DONE : CSV_MORE;
        }
        if (window_pending(&csv->window) < csv->retry) {
            return CSV_MORE;
        }
        csv->retry = 0;
        row->flaw = CSV_FLAW_NONE;
        enum csv_status status = plain_row(csv, row);
        if (status != CSV_ROW || !is_empty_line(row)) {
            return status;
        }
    }
}
