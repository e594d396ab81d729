/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/audience/audience.h"

/* One "target=source" of len bytes. */
static bool read_mapping(const char *text, size_t len, struct audience_mapping *mapping,
                         struct problem *problem)
{
    const char *equals = memchr(text, '=', len);
    size_t target = equals == NULL ? 0 : (size_t)(equals - text);
    size_t source = equals == NULL ? 0 : len - target - 1;
    if (target == 0 || source == 0) {
        problem_set(problem, ERR_INVALID,
                    "mapping \"%.*s\": write the audience's column, = and the file's column, as "
                    "id=customer_no,phone=Mobile",
                    (int)(len < 64 ? len : 64), text);
        return false;
    }
    if (target >= sizeof(mapping->target) || source >= sizeof(mapping->source)) {
        problem_set(problem, ERR_LIMIT, "mapping \"%.*s\": the name is too long", 64, text);
        return false;
    }
    *mapping = (struct audience_mapping){0};
    memcpy(mapping->target, text, target);
    memcpy(mapping->source, equals + 1, source);
    return true;
}

static bool is_taken(const struct audience_mapping *mappings, int count, struct problem *problem)
{
    const struct audience_mapping *last = &mappings[count];
    for (int i = 0; i < count; i++) {
        bool same_source = strcmp(mappings[i].source, last->source) == 0;
        if (same_source || strcmp(mappings[i].target, last->target) == 0) {
            problem_set(problem, ERR_INVALID, "\"%s\" is mapped twice",
                        same_source ? last->source : last->target);
            return true;
        }
    }
    return false;
}

int audience_mappings_parse(const char *text, struct audience_mapping *mappings, unsigned max,
                            struct problem *problem)
{
    int count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        if ((unsigned)count == max) {
            problem_set(problem, ERR_LIMIT, "more than %u mappings", max);
            return -1;
        }
        if (!read_mapping(text, len, &mappings[count], problem) ||
            is_taken(mappings, count, problem)) {
            return -1;
        }
        count++;
        text += len + (text[len] == ',');
    }
    return count;
}
