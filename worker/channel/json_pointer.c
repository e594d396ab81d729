/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/json_pointer.h"

#include <string.h>

#include "common/slice.h"
#include "common/text.h"

/* Longer names in a path match nothing. */
#define NAME_MAX_BYTES 256

bool json_pointer_is_valid(const char *pointer)
{
    if (*pointer != '\0' && *pointer != '/') {
        return false;
    }
    for (const char *at = strchr(pointer, '~'); at != NULL; at = strchr(at + 1, '~')) {
        if (at[1] != '0' && at[1] != '1') {
            return false;
        }
    }
    return true;
}

/* The name between two slashes, unescaped; false if it is too long. */
static bool name_of(const char *from, size_t len, char name[NAME_MAX_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (at + 1 == NAME_MAX_BYTES) {
            return false;
        }
        if (from[i] == '~' && i + 1 < len) {
            i++;
            name[at++] = from[i] == '1' ? '/' : '~';
        } else {
            name[at++] = from[i];
        }
    }
    name[at] = '\0';
    return true;
}

static json_t *step(json_t *value, const char *name)
{
    if (json_is_object(value)) {
        return json_object_get(value, name);
    }
    uint64_t index;
    bool is_index =
        text_number(slice_str(name), 0, SIZE_MAX, &index) && (name[0] != '0' || name[1] == '\0');
    return is_index ? json_array_get(value, (size_t)index) : NULL;
}

json_t *json_pointer_get(json_t *document, const char *pointer)
{
    json_t *value = document;
    while (*pointer == '/' && value != NULL) {
        pointer++;
        size_t len = strcspn(pointer, "/");
        char name[NAME_MAX_BYTES];
        value = name_of(pointer, len, name) ? step(value, name) : NULL;
        pointer += len;
    }
    return value;
}
