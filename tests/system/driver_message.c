/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/driver_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define VARIABLES_MAX 64

struct driver_message {
    const json_t *given; /* the first attempt that has it */
    struct template *parts[3];
    struct merge *merge;
    struct driver_message *next;
};

struct driver_messages {
    struct driver_message *first;
    char *variables[VARIABLES_MAX];
    int variable_count;
    struct buf escaped;
    struct slice *values;
};

static const char *const part_names[3] = {"subject", "text", "html"};

static int resolve(void *arg, struct slice name)
{
    struct driver_messages *messages = arg;
    for (int i = 0; i < messages->variable_count; i++) {
        if (slice_is(name, messages->variables[i])) {
            return i;
        }
    }
    if (messages->variable_count == VARIABLES_MAX) {
        return -1;
    }
    messages->variables[messages->variable_count] =
        mem_copy_strn((const char *)name.data, name.len);
    return messages->variable_count++;
}

static bool is_same(const json_t *a, const json_t *b)
{
    for (unsigned i = 0; i < 3; i++) {
        const json_t *x = json_object_get(a, part_names[i]);
        const json_t *y = json_object_get(b, part_names[i]);
        if (x != y && (x == NULL || y == NULL || !json_equal(x, y))) {
            return false;
        }
    }
    return true;
}

static struct driver_message *message_of(struct driver_messages *messages, const json_t *given)
{
    struct driver_message *message = messages->first;
    while (message != NULL && message->given != given && !is_same(message->given, given)) {
        message = message->next;
    }
    if (message != NULL) {
        return message;
    }
    message = mem_zalloc(1, sizeof(*message));
    message->given = given;
    for (unsigned i = 0; i < 3; i++) {
        const json_t *text = json_object_get(given, part_names[i]);
        struct problem problem = {0};
        if (json_string_length(text) > 0 &&
            template_new(
                &message->parts[i], slice_of(json_string_value(text), json_string_length(text)),
                i == 2 ? TEMPLATE_HTML : TEMPLATE_RAW, resolve, messages, &problem) != ERR_OK) {
            fprintf(stderr, "channel_driver: %s: %s\n", part_names[i], problem.text);
            exit(2);
        }
    }
    message->merge = merge_new(message->parts[0], message->parts[1], message->parts[2]);
    message->next = messages->first;
    messages->first = message;
    return message;
}

struct asked {
    const struct driver_messages *messages;
    const json_t *variables;
};

static bool value_of(void *arg, int number, struct slice *value)
{
    const struct asked *asked = arg;
    const json_t *text = json_object_get(asked->variables, asked->messages->variables[number]);
    *value = slice_of(json_string_value(text), json_string_length(text));
    return text != NULL;
}

struct driver_messages *driver_messages_new(void)
{
    return mem_zalloc(1, sizeof(struct driver_messages));
}

void driver_messages_free(struct driver_messages *messages)
{
    while (messages->first != NULL) {
        struct driver_message *message = messages->first;
        messages->first = message->next;
        merge_free(message->merge);
        for (unsigned i = 0; i < 3; i++) {
            template_free(message->parts[i]);
        }
        mem_free(message);
    }
    for (int i = 0; i < messages->variable_count; i++) {
        mem_free(messages->variables[i]);
    }
    buf_release(&messages->escaped);
    mem_free(messages->values);
    mem_free(messages);
}

const struct merge *driver_messages_merge(struct driver_messages *messages, const json_t *given)
{
    return message_of(messages, given)->merge;
}

void driver_messages_put(struct driver_messages *messages, const json_t *given,
                         struct attempt *attempt)
{
    const struct merge *merge = driver_messages_merge(messages, given);
    struct asked asked = {messages, json_object_get(given, "variables")};
    messages->values =
        mem_resize(messages->values, (size_t)merge->slot_count + 1, sizeof(*messages->values));
    int missing = merge_fill(merge, &messages->escaped, value_of, &asked, messages->values);
    if (missing >= 0) {
        fprintf(stderr, "channel_driver: %s is missing\n", messages->variables[missing]);
        exit(2);
    }
    attempt->merge = merge;
    attempt->values = messages->values;
}
