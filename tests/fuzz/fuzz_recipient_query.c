/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is looked for: kind, channel and value, each up to a zero byte. What is taken is in its
 * normal form: read again it is the same; what is refused says why, and which parameter is wrong.
 */
#include <assert.h>
#include <string.h>

#include "common/arena.h"
#include "common/text.h"
#include "coordinator/api/recipient_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *take(struct slice *rest, struct arena *arena)
{
    return arena_str(arena, slice_take_until(rest, '\0'));
}

static void check(const char *key, const char *endpoint, const char *channel)
{
    struct recipient_query query;
    struct recipient_query again;
    struct problem problem = {0};
    const char *parameter = NULL;
    if (recipient_query_read(&query, key, endpoint, channel, &parameter, &problem) != ERR_OK) {
        assert(problem.text[0] != '\0' && parameter != NULL);
        return;
    }
    const char *value = recipient_query_value(&query);
    assert(value[0] != '\0' && text_is_utf8(slice_str(value), NULL));
    enum err err = recipient_query_read(
        &again, key == NULL ? NULL : value, endpoint == NULL ? NULL : value,
        key == NULL ? channel_kind_name(query.channel) : NULL, &parameter, &problem);
    assert(err == ERR_OK && again.channel == query.channel);
    assert(strcmp(recipient_query_value(&again), value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct slice rest = slice_of(data, size);
    arena_init(&arena, 1024);
    const char *kind = take(&rest, &arena);
    const char *channel = take(&rest, &arena);
    const char *value = take(&rest, &arena);
    channel = channel[0] == '\0' ? NULL : channel;
    check(kind[0] == 'k' ? value : NULL, kind[0] == 'k' ? NULL : value, channel);
    arena_release(&arena);
    return 0;
}
