/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document in YAML. What is taken is JSON that reads back the same and is not deeper than
 * allowed; what is refused says why and where.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned depth_of(json_t *json)
{
    unsigned deepest = 0;
    size_t i;
    const char *key;
    json_t *value;
    json_array_foreach(json, i, value)
    {
        unsigned depth = depth_of(value);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach(json, key, value)
    {
        unsigned depth = depth_of(value);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_array(json) || json_is_object(json));
}

static void check(json_t *json)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    json_t *again = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    char *text_again = json_dumps(again, JSON_ENCODE_ANY | JSON_COMPACT);
    assert(again != NULL && strcmp(text, text_again) == 0);
    assert(depth_of(json) <= YAML_JSON_DEPTH_MAX);
    free(text);
    free(text_again);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_place place = {0};
    struct problem problem = {0};
    json_t *json = NULL;
    enum err err = yaml_json_read(&json, slice_of(data, size), &place, &problem);
    assert((err == ERR_OK) == (json != NULL));
    if (err == ERR_OK) {
        check(json);
    } else {
        assert(err == ERR_INVALID || err == ERR_LIMIT);
        assert(problem.text[0] != '\0' && place.line >= 1 && place.column >= 1);
        assert(place.line <= size + 2);
    }
    json_decref(json);
    return 0;
}
