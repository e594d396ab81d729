/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line as in `map=`, then a line of column names with commas between. Mappings that are taken
 * must read as they were written; a heading that is taken has each column once, the key first; what
 * is refused must say why.
 */
#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/audience/heading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned read_mappings(const char *text, struct audience_mapping *mappings)
{
    struct problem problem = {0};
    struct buf again = {0};
    int count = audience_mappings_parse(text, mappings, PAGE_COLUMNS_MAX, &problem);
    if (count < 0) {
        assert(problem.text[0] != '\0');
        return 0;
    }
    assert(count <= PAGE_COLUMNS_MAX);
    for (int i = 0; i < count; i++) {
        buf_printf(&again, "%s%s=%s", i == 0 ? "" : ",", mappings[i].target, mappings[i].source);
    }
    size_t len = strlen(text);
    len -= len > 0 && text[len - 1] == ',';
    assert(slice_equal(buf_view(&again), slice_of(text, len)));
    buf_release(&again);
    return (unsigned)count;
}

static void check_schema(const struct heading *heading)
{
    const struct page_schema *schema = &heading->schema;
    bool is_taken[PAGE_COLUMNS_MAX] = {false};
    assert(schema->count == heading->count && schema->columns[0].field == PAGE_FIELD_KEY);
    for (unsigned i = 0; i < heading->count; i++) {
        unsigned place = heading->sources[i].place;
        assert(place < schema->count && !is_taken[place]);
        is_taken[place] = true;
        for (unsigned j = 0; j < i; j++) {
            assert(strcmp(schema->columns[i].name, schema->columns[j].name) != 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct audience_mapping mappings[PAGE_COLUMNS_MAX];
    static struct heading heading;
    struct problem problem = {0};
    struct slice rest = slice_of(data, size);
    struct slice line = slice_take_until(&rest, '\n');
    char *map = mem_copy_strn((const char *)line.data, line.len);
    heading_init(&heading, mappings, read_mappings(map, mappings));
    while (rest.len > 0) {
        struct slice name = slice_take_until(&rest, ',');
        if (heading_add(&heading, name, 0, &problem) != ERR_OK) {
            assert(problem.text[0] != '\0');
        }
    }
    if (heading_seal(&heading, "the header", &problem) == ERR_OK) {
        check_schema(&heading);
    } else {
        assert(problem.text[0] != '\0');
    }
    mem_free(map);
    return 0;
}
