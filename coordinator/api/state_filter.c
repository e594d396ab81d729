/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/state_filter.h"

static bool read_one(struct exchange *exchange, struct slice word, unsigned *states)
{
    enum delivery_state state;
    const char *text = arena_str(exchange->arena, word);
    if (delivery_state_parse(text, &state) && state != DELIVERY_NONE) {
        *states |= 1U << state;
        return true;
    }
    struct buf known = {0};
    for (state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        buf_printf(&known, "%s%s", known.len == 0 ? "" : ", ", delivery_state_name(state));
    }
    exchange_refuse_parameter(exchange, "state", "there is no state \"%.64s\"; there are %s", text,
                              buf_cstr(&known));
    buf_release(&known);
    return false;
}

bool state_filter_read(struct exchange *exchange, unsigned *states)
{
    const char *words = query_string_get(&exchange->query, "state");
    *states = words == NULL ? STATE_FILTER_ANY : 0;
    struct slice rest = slice_str(words);
    bool is_good = true;
    while (words != NULL && is_good && (rest.len > 0 || *states == 0)) {
        is_good = read_one(exchange, slice_take_until(&rest, ','), states);
    }
    return is_good;
}
