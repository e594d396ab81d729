/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/sendgrid_errors.h"

#include <jansson.h>
#include <string.h>

#include "common/text.h"

static const struct {
    const char *field; /* it, or what stands inside it */
    enum sendgrid_fault fault;
} faults[] = {
    {"subject", SENDGRID_FAULT_MESSAGE},
    {"content", SENDGRID_FAULT_MESSAGE},
    {"attachments", SENDGRID_FAULT_MESSAGE},
    {"from", SENDGRID_FAULT_SENDER},
    {"reply_to", SENDGRID_FAULT_SENDER},
    {"reply_to_list", SENDGRID_FAULT_SENDER},
    {"categories", SENDGRID_FAULT_SENDER},
    {"ip_pool_name", SENDGRID_FAULT_SENDER},
    {"asm", SENDGRID_FAULT_SENDER},
    {"mail_settings", SENDGRID_FAULT_SENDER},
    {"tracking_settings", SENDGRID_FAULT_SENDER},
};

/* "from" and "from.email", but not "from_name". */
static bool is_within(const char *field, const char *outer)
{
    size_t len = strlen(outer);
    return strncmp(field, outer, len) == 0 &&
           (field[len] == '\0' || field[len] == '.' || field[len] == '[');
}

/* "personalizations.3" or "personalizations.3.to.0.email". */
static bool names_recipient(const char *field, uint32_t count, uint64_t *index)
{
    if (!is_within(field, "personalizations") || strchr(field, '.') == NULL) {
        return false;
    }
    const char *digits = strchr(field, '.') + 1;
    size_t len = strcspn(digits, ".[");
    return text_number(slice_of((const uint8_t *)digits, len), 0, count - 1, index);
}

static enum sendgrid_fault fault_of(const char *field, uint32_t count, bool *is_culprit)
{
    uint64_t index = 0;
    if (names_recipient(field, count, &index)) {
        is_culprit[index] = true;
        return SENDGRID_FAULT_RECIPIENTS;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (is_within(field, faults[i].field)) {
            return faults[i].fault;
        }
    }
    return SENDGRID_FAULT_UNKNOWN;
}

enum sendgrid_fault sendgrid_errors_read(struct slice body, uint32_t count, bool *is_culprit)
{
    enum sendgrid_fault worst = SENDGRID_FAULT_UNKNOWN;
    memset(is_culprit, 0, count * sizeof(*is_culprit));
    json_t *json = json_loadb((const char *)body.data, body.len, 0, NULL);
    const json_t *errors = json_object_get(json, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *field = json_object_get(json_array_get(errors, i), "field");
        if (json_is_string(field)) {
            enum sendgrid_fault fault = fault_of(json_string_value(field), count, is_culprit);
            worst = fault > worst ? fault : worst;
        }
    }
    json_decref(json);
    return worst;
}
