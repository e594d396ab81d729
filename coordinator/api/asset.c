/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/asset.h"

#include <string.h>
#include <strings.h>

const struct asset *asset_find(const struct asset *table, struct slice path)
{
    for (; table->path != NULL; table++) {
        if (slice_is(path, table->path)) {
            return table;
        }
    }
    return NULL;
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = slice_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static bool is_word(struct slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

/* "q=0", "q=0.000" */
static bool is_refusal(struct slice weight)
{
    if (weight.len < 3 || (weight.data[0] | 0x20) != 'q' || weight.data[1] != '=') {
        return false;
    }
    for (size_t i = 2; i < weight.len; i++) {
        if (weight.data[i] != '0' && weight.data[i] != '.') {
            return false;
        }
    }
    return true;
}

bool asset_takes_gzip(const char *accept_encoding)
{
    struct slice rest = slice_str(accept_encoding);
    bool takes_any = false;
    while (rest.len > 0) {
        struct slice weight = slice_take_until(&rest, ',');
        struct slice coding = trim(slice_take_until(&weight, ';'));
        bool is_taken = !is_refusal(trim(weight));
        if (is_word(coding, "gzip")) {
            return is_taken;
        }
        takes_any |= is_taken && is_word(coding, "*");
    }
    return takes_any;
}

bool asset_is_known(const char *if_none_match, const char *etag)
{
    struct slice rest = slice_str(if_none_match);
    while (rest.len > 0) {
        struct slice tag = trim(slice_take_until(&rest, ','));
        if (tag.len > 2 && tag.data[0] == 'W' && tag.data[1] == '/') {
            tag = slice_of(tag.data + 2, tag.len - 2);
        }
        if (slice_is(tag, etag) || slice_is(tag, "*")) {
            return true;
        }
    }
    return false;
}
