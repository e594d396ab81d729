/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/row_check.h"

#include "common/text.h"
#include "coordinator/audience/endpoint.h"

typedef enum endpoint_flaw (*check_fn)(struct cell *value);

static const check_fn checks[PAGE_FIELDS] = {
    [PAGE_FIELD_EMAIL] = endpoint_email,   [PAGE_FIELD_PHONE] = endpoint_phone,
    [PAGE_FIELD_PUSH] = endpoint_push,     [PAGE_FIELD_WEBHOOK] = endpoint_webhook,
    [PAGE_FIELD_LOCALE] = endpoint_locale, [PAGE_FIELD_TIMEZONE] = endpoint_timezone,
};

static inline bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static inline void trim(struct cell *cell)
{
    while (cell->len > 0 && is_blank(cell->text[cell->len - 1])) {
        cell->len--;
    }
    while (cell->len > 0 && is_blank(cell->text[0])) {
        cell->text++;
        cell->len--;
    }
}

static bool flawed(struct row_flaw *flaw, unsigned column, bool quotes_value, const char *what)
{
    *flaw = (struct row_flaw){(int)column, what, quotes_value};
    return false;
}

/* Control characters other than tab, CR and LF. */
static bool has_control(const struct cell *cell)
{
    bool any = false;
    for (size_t i = 0; i < cell->len; i++) {
        uint8_t c = cell->text[i];
        any |= (c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
    }
    return any;
}

static bool check_text(const struct cell *cell, unsigned column, struct row_flaw *flaw)
{
    if (!text_is_utf8(cell_view(*cell), NULL)) {
        return flawed(flaw, column, true, "is not UTF-8; save the file as UTF-8");
    }
    if (has_control(cell)) {
        return flawed(flaw, column, true, "has a control character");
    }
    return true;
}

static bool check_key(const struct cell *key, struct row_flaw *flaw)
{
    bool has_low = false;
    for (size_t i = 0; i < key->len; i++) {
        has_low |= key->text[i] < ' ' || key->text[i] == 0x7f;
    }
    if (has_low) {
        return flawed(flaw, 0, true, "has a control character");
    }
    if (key->len > ROW_KEY_MAX) {
        return flawed(flaw, 0, true, "is longer than 128 bytes");
    }
    return true;
}

static inline bool check_value(enum page_field field, struct cell *cell, unsigned column,
                               struct row_flaw *flaw)
{
    if (field == PAGE_FIELD_VARIABLE) {
        return true;
    }
    if (field == PAGE_FIELD_KEY) {
        return check_key(cell, flaw);
    }
    enum endpoint_flaw endpoint = checks[field](cell);
    return endpoint == ENDPOINT_FLAW_NONE ||
           flawed(flaw, column, true, endpoint_flaw_sentence(endpoint));
}

bool row_check(const struct page_schema *schema, struct cell *cells, bool is_plain, struct row *row,
               struct row_flaw *flaw)
{
    size_t bytes = 0;
    row->fields = 0;
    for (unsigned c = 0; c < schema->count; c++) {
        enum page_field field = schema->columns[c].field;
        struct cell *cell = &cells[c];
        if (field != PAGE_FIELD_VARIABLE) {
            trim(cell);
        }
        if (cell->len > 0) {
            if ((!is_plain && !check_text(cell, c, flaw)) || !check_value(field, cell, c, flaw)) {
                return false;
            }
            bytes += cell->len;
            row->fields |= (uint8_t)(1U << field);
        }
        row->values[c] = cell_view(*cell);
    }
    if (cells[0].len == 0) {
        return flawed(flaw, 0, false, "is empty; every row needs one");
    }
    if (bytes > PAGE_VALUE_MAX) {
        *flaw = (struct row_flaw){-1, "the values of the row have more than 16,384 bytes", false};
        return false;
    }
    return true;
}
