/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/json_body.h"

#include <stdlib.h>
#include <string.h>

void json_body_print(struct buf *text, const json_t *document)
{
    char *printed = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    for (const char *at = printed; *at != '\0'; at++) {
        at += strncmp(at, "\\\\{{", 4) == 0 ? 1 : 0; /* printing has doubled the backslash */
        buf_u8(text, (uint8_t)*at);
    }
    free(printed);
}

enum err json_body_check(struct channel_fields *fields, const struct template *body,
                         const char *where, struct problem *problem)
{
    struct buf sample = {0};
    channel_fields_fill_sample(fields, body, &sample);
    json_error_t error;
    json_t *parsed = json_loadb((const char *)sample.data, sample.len, JSON_DECODE_ANY, &error);
    enum err err = ERR_OK;
    if (parsed == NULL) {
        err = problem_set(problem, ERR_INVALID, "%s is no JSON once it is filled: %s", where,
                          error.text);
    }
    json_decref(parsed);
    buf_release(&sample);
    return err;
}

enum err json_body_template(struct template **out, struct channel_fields *fields,
                            const json_t *document, const char *where, struct problem *problem)
{
    struct buf text = {0};
    json_body_print(&text, document);
    enum err err =
        channel_fields_template(out, fields, buf_view(&text), TEMPLATE_JSON, where, problem);
    buf_release(&text);
    return err == ERR_OK ? json_body_check(fields, *out, where, problem) : err;
}
