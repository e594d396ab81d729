/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query or form, and text of any encoding: there are no more pairs than there may be, and text is
 * well-formed and not longer than wanted.
 */
#include <assert.h>

#include "common/text.h"
#include "coordinator/inbound/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form form;
    struct arena arena;
    arena_init(&arena, 1024);
    form.count = 0;
    bool is_good = form_add(&form, slice_of(data, size), &arena);
    assert(is_good || form.count == FORM_PAIRS_MAX);
    size_t max = size % 64;
    for (unsigned i = 0; i < form.count; i++) {
        struct slice text = form_text(form.pairs[i].value, max, &arena);
        assert(text.len <= max && text_is_utf8(text, NULL));
        assert(memchr(text.data, 0, text.len) == NULL);
        assert(form.pairs[i].name.len + form.pairs[i].value.len <= size);
    }
    arena_release(&arena);
    return 0;
}
