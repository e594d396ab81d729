/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/accept_language.h"

#include "common/locale.h"

#define WEIGHT_MAX 1000 /* thousandths, as many as the header can tell apart */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text = slice_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* "q=0.8" is 800; 0 for what is no weight: it is not wanted then. */
static unsigned read_weight(struct slice text)
{
    unsigned weight = 0;
    unsigned unit = WEIGHT_MAX;
    if (text.len < 3 || (text.data[0] | 0x20) != 'q' || text.data[1] != '=') {
        return 0;
    }
    for (size_t i = 2; i < text.len && unit > 0; i++) {
        uint8_t c = text.data[i];
        if (i == 3 ? c != '.' : c < '0' || c > '9') {
            return 0;
        }
        if (i != 3) {
            weight += (unsigned)(c - '0') * unit;
            unit /= 10;
        }
    }
    return weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
}

int accept_language_choose(struct slice header, const char *const *names, unsigned count)
{
    int chosen = -1;
    unsigned highest = 0;
    while (header.len > 0) {
        struct slice parameter = slice_take_until(&header, ',');
        struct slice range = trim(slice_take_until(&parameter, ';'));
        unsigned weight = parameter.len == 0 ? WEIGHT_MAX : read_weight(trim(parameter));
        int found = weight > highest ? locale_find(names, count, range) : -1;
        if (found >= 0) {
            chosen = found;
            highest = weight;
        }
    }
    return chosen;
}
