/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser's Accept-Language header. Whatever is chosen must be one of the names, and written out
 * in the header, by its own name or as the beginning of a longer one; a wish for more that stands
 * behind it changes nothing if that is of nothing that there is.
 */
#include <assert.h>
#include <strings.h>

#include "common/buf.h"
#include "coordinator/http/accept_language.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"en", "de", "zh", "zh-hant", "pt-br"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static bool stands_in(const uint8_t *data, size_t size, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + len <= size; i++) {
        size_t same = 0;
        for (; same < len; same++) {
            char c = (char)data[i + same];
            c = c == '_' ? '-' : c;
            if (strncasecmp(&c, name + same, 1) != 0) {
                break;
            }
        }
        if (same == len) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf more = {0};
    int chosen = accept_language_choose(slice_of(data, size), names, NAMES);
    assert(chosen >= -1 && chosen < (int)NAMES);
    assert(chosen < 0 || stands_in(data, size, names[chosen]));
    buf_slice(&more, slice_of(data, size));
    buf_str(&more, ",tlh;q=1,*");
    assert(accept_language_choose(buf_view(&more), names, NAMES) == chosen);
    buf_release(&more);
    return 0;
}
