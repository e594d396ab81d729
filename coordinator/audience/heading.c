/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/heading.h"

#include <stdio.h>
#include <strings.h>

#include "common/text.h"
#include "coordinator/audience/refusal.h"

enum { NAMES_SHOWN = 8 };

/* A name for a message; a value that lives as long as the expression's block. */
struct shown {
    char text[REFUSAL_QUOTE_MAX + 4];
};

static struct shown show(struct slice name)
{
    struct buf fit = {0};
    struct shown shown;
    refusal_quote(&fit, name, REFUSAL_QUOTE_MAX);
    snprintf(shown.text, sizeof(shown.text), "%s", buf_cstr(&fit));
    buf_release(&fit);
    return shown;
}

static struct slice trim(struct slice name)
{
    while (name.len > 0 && (name.data[0] == ' ' || name.data[0] == '\t')) {
        name = slice_of(name.data + 1, name.len - 1);
    }
    while (name.len > 0 && (name.data[name.len - 1] == ' ' || name.data[name.len - 1] == '\t')) {
        name.len--;
    }
    return name;
}

/* Names to columns */

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-' || c == '.';
}

static bool is_reference(struct slice name)
{
    bool all = name.len >= 1 && name.len <= PAGE_NAME_MAX;
    for (size_t i = 0; all && i < name.len; i++) {
        all = is_name_byte(name.data[i]);
    }
    return all;
}

static bool has_series(enum page_field field)
{
    return field == PAGE_FIELD_EMAIL || field == PAGE_FIELD_PHONE || field == PAGE_FIELD_PUSH ||
           field == PAGE_FIELD_WEBHOOK;
}

/* Reads "phone" as rank 0 and "phone.3" as rank 2; false if it is no member of the series `word`.
 */
static bool read_series(struct slice name, const char *word, unsigned *rank)
{
    size_t len = strlen(word);
    if (name.len < len || strncasecmp((const char *)name.data, word, len) != 0) {
        return false;
    }
    *rank = 0;
    if (name.len == len) {
        return true;
    }
    uint64_t number;
    if (name.data[len] != '.' || !text_number(slice_of(name.data + len + 1, name.len - len - 1), 1,
                                              PAGE_COLUMNS_MAX, &number)) {
        return false;
    }
    *rank = (unsigned)number - 1;
    return true;
}

static void set_name(struct page_column *column, const char *word)
{
    if (column->rank == 0) {
        snprintf(column->name, sizeof(column->name), "%s", word);
    } else {
        snprintf(column->name, sizeof(column->name), "%s.%u", word, column->rank + 1);
    }
}

/* What a name means. False if it can be neither a known column nor a variable. */
static bool read_name(struct slice name, unsigned rank, struct page_column *column)
{
    static const char *const words[PAGE_FIELDS] = {
#define HEADING_WORD(member, word) [PAGE_FIELD_##member] = (word),
        PAGE_FIELD_MAP(HEADING_WORD)
#undef HEADING_WORD
    };
    *column = (struct page_column){.field = PAGE_FIELD_VARIABLE};
    for (enum page_field field = PAGE_FIELD_KEY; field < PAGE_FIELD_VARIABLE; field++) {
        unsigned number;
        if (read_series(name, words[field], &number) && (number == 0 || has_series(field))) {
            *column = (struct page_column){.field = field, .rank = number + rank};
            set_name(column, words[field]);
            return rank == 0 || (has_series(field) && number == 0);
        }
    }
    if (!is_reference(name) || rank > 0) {
        return false;
    }
    memcpy(column->name, name.data, name.len);
    return true;
}

/* Says why read_name said no. */
static enum err refuse_name(struct slice name, unsigned rank, struct problem *problem)
{
    struct shown shown = show(name);
    if (rank > 0) {
        return problem_set(
            problem, ERR_INVALID,
            "\"%s\" has several values; only email, phone, push_token and webhook may", shown.text);
    }
    if (name.len == 0) {
        return problem_set(problem, ERR_INVALID, "there is a column without a name");
    }
    char better[PAGE_NAME_MAX + 1] = {0};
    for (size_t i = 0; i < name.len && i < PAGE_NAME_MAX; i++) {
        better[i] = '_';
        if (is_name_byte(name.data[i])) {
            better[i] = (char)name.data[i];
        }
    }
    return problem_set(
        problem, ERR_INVALID,
        "no template could reference a column called \"%s\": names have 1 to %d letters, "
        "digits, _ - and . ; rename it, as with --map '%s=%s'",
        shown.text, PAGE_NAME_MAX, better, shown.text);
}

/* Mappings */

/* What a column of the file is to be called; *is_mapped tells whether somebody asked for that. */
static struct slice target_of(const struct heading *heading, struct slice name, bool *is_mapped)
{
    *is_mapped = false;
    for (unsigned i = 0; i < heading->mapping_count; i++) {
        if (slice_is(name, heading->mappings[i].source)) {
            *is_mapped = true;
            return slice_str(heading->mappings[i].target);
        }
    }
    return name;
}

/* The column that a name of the file asks for. */
static enum err read_column(const struct heading *heading, struct slice name, unsigned rank,
                            struct page_column *column, bool *is_mapped, struct problem *problem)
{
    struct slice target = target_of(heading, name, is_mapped);
    if (name.len > HEADING_SOURCE_MAX || !read_name(target, rank, column)) {
        return refuse_name(target, rank, problem);
    }
    return ERR_OK;
}

/* "a, b, c", for messages. */
static void list_sources(const struct heading *heading, struct buf *buf)
{
    for (unsigned i = 0; i < heading->count && i < NAMES_SHOWN; i++) {
        buf_str(buf, i == 0 ? "" : ", ");
        refusal_quote(buf, slice_str(heading->sources[i].name), PAGE_NAME_MAX);
    }
    buf_str(buf, heading->count > NAMES_SHOWN ? ", \xe2\x80\xa6" : "");
}

static const char *nearest_source(const struct heading *heading, const char *word)
{
    const char *known[PAGE_COLUMNS_MAX + 1];
    for (unsigned i = 0; i < heading->count; i++) {
        known[i] = heading->sources[i].name;
    }
    known[heading->count] = NULL;
    return text_nearest(word, known);
}

static enum err refuse_mapping(const struct heading *heading,
                               const struct audience_mapping *mapping, const char *where,
                               struct problem *problem)
{
    struct shown source = show(slice_str(mapping->source));
    const char *nearest = nearest_source(heading, mapping->source);
    if (nearest != NULL) {
        return problem_set(
            problem, ERR_INVALID, "--map %s=%s: %s has no column \"%s\"; did you mean \"%s\"?",
            mapping->target, source.text, where, source.text, show(slice_str(nearest)).text);
    }
    struct buf list = {0};
    list_sources(heading, &list);
    enum err err =
        problem_set(problem, ERR_INVALID, "--map %s=%s: %s has no column \"%s\"; it has: %s",
                    mapping->target, source.text, where, source.text, buf_cstr(&list));
    buf_release(&list);
    return err;
}

/* Sealing */

static enum err refuse_keyless(const struct heading *heading, const char *where,
                               struct problem *problem)
{
    for (unsigned i = 0; i < heading->mapping_count; i++) {
        const struct audience_mapping *mapping = &heading->mappings[i];
        if (strcasecmp(mapping->source, "id") == 0) {
            return problem_set(problem, ERR_INVALID,
                               "--map %s=%s takes the column \"id\" away, which identifies a "
                               "recipient; leave it out, or name another with --map id=NAME",
                               mapping->target, mapping->source);
        }
    }
    struct buf list = {0};
    list_sources(heading, &list);
    enum err err =
        problem_set(problem, ERR_INVALID,
                    "%s has no column \"id\"; it has: %s. Name the one that identifies a recipient "
                    "with --map id=NAME",
                    where, buf_cstr(&list));
    buf_release(&list);
    return err;
}

/* Moves the key to the front and says of each source where it went. */
static void arrange(struct heading *heading, unsigned key)
{
    struct page_schema *schema = &heading->schema;
    struct page_column column = schema->columns[key];
    memmove(&schema->columns[1], &schema->columns[0], key * sizeof(column));
    schema->columns[0] = column;
    for (unsigned i = 0; i < heading->count; i++) {
        heading->sources[i].place = i < key ? i + 1 : i;
    }
    heading->sources[key].place = 0;
}

void heading_init(struct heading *heading, const struct audience_mapping *mappings,
                  unsigned mapping_count)
{
    memset(heading, 0, sizeof(*heading));
    heading->mappings = mappings;
    heading->mapping_count = mapping_count;
}

enum err heading_check(const struct heading *heading, struct slice name, unsigned rank,
                       struct problem *problem)
{
    struct page_column column;
    bool is_mapped;
    return read_column(heading, trim(name), rank, &column, &is_mapped, problem);
}

enum err heading_add(struct heading *heading, struct slice name, unsigned rank,
                     struct problem *problem)
{
    struct page_column column;
    bool is_mapped;
    name = trim(name);
    enum err err = read_column(heading, name, rank, &column, &is_mapped, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct shown shown = show(name);
    if (heading_find(heading, name, rank) >= 0) {
        return problem_set(problem, ERR_EXISTS, "the column \"%s\" comes twice", shown.text);
    }
    int other = page_schema_find(&heading->schema, slice_str(column.name));
    if (other >= 0) {
        struct shown first = show(slice_str(heading->sources[other].name));
        return problem_set(
            problem, ERR_EXISTS,
            "the columns \"%s\" and \"%s\" would both be \"%s\"; give one of them another name "
            "with --map NAME=%s",
            first.text, shown.text, column.name, is_mapped ? first.text : shown.text);
    }
    if (heading->count == PAGE_COLUMNS_MAX) {
        return problem_set(problem, ERR_LIMIT, "there are more than %d columns", PAGE_COLUMNS_MAX);
    }
    struct heading_source *source = &heading->sources[heading->count];
    memcpy(source->name, name.data, name.len);
    source->name[name.len] = '\0';
    source->rank = rank;
    heading->schema.columns[heading->count++] = column;
    heading->schema.count = heading->count;
    return ERR_OK;
}

enum err heading_seal(struct heading *heading, const char *where, struct problem *problem)
{
    for (unsigned i = 0; i < heading->mapping_count; i++) {
        if (heading_find(heading, slice_str(heading->mappings[i].source), 0) < 0) {
            return refuse_mapping(heading, &heading->mappings[i], where, problem);
        }
    }
    int key = page_schema_endpoint(&heading->schema, PAGE_FIELD_KEY, 0);
    if (key < 0) {
        return refuse_keyless(heading, where, problem);
    }
    for (unsigned i = 0; i < heading->count; i++) {
        const struct page_column *column = &heading->schema.columns[i];
        if (column->rank > 0 &&
            page_schema_endpoint(&heading->schema, column->field, column->rank - 1) < 0) {
            return problem_set(problem, ERR_INVALID,
                               "%s has a column \"%s\" but not the one before it", where,
                               column->name);
        }
    }
    arrange(heading, (unsigned)key);
    return ERR_OK;
}

int heading_find(const struct heading *heading, struct slice name, unsigned rank)
{
    for (unsigned i = 0; i < heading->count; i++) {
        if (heading->sources[i].rank == rank && slice_is(name, heading->sources[i].name)) {
            return (int)i;
        }
    }
    return -1;
}
