/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/channel_fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/mem.h"
#include "common/secret.h"
#include "worker/channel/channel_settings.h"

#define SECRET_PREFIX "secret."

/* In the order of builtin_names. */
enum source {
    SOURCE_TO,
    SOURCE_SUBJECT,
    SOURCE_TEXT,
    SOURCE_HTML,
    SOURCE_TOKEN,
    SOURCE_REFERENCE,
    SOURCE_KEY,
    SOURCE_SECRET,
    SOURCE_VARIABLE
};

static const char *const builtin_names[] = {"to",    "subject",   "text", "html",
                                            "token", "reference", "key"};

#define BUILTINS (sizeof(builtin_names) / sizeof(builtin_names[0]))

struct field {
    enum source source;
    char *name; /* NULL for built-in ones, which stand at the number of their source */
    struct buf secret;
};

struct channel_fields {
    struct field *fields;
    int count;
    bool only_secrets; /* while a template is parsed */
};

static struct field *fields_add(struct channel_fields *fields, enum source source)
{
    fields->fields =
        mem_resize(fields->fields, (size_t)fields->count + 1, sizeof(fields->fields[0]));
    struct field *field = &fields->fields[fields->count++];
    *field = (struct field){.source = source};
    return field;
}

static enum err fields_add_secret(struct channel_fields *fields, json_t *secrets, const char *name,
                                  const char *where, struct problem *problem)
{
    const char *reference = channel_settings_text(secrets, name);
    if (reference == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "%s: secrets.%s must be a reference: env:NAME or file:/path", where,
                           name);
    }
    struct buf full_name = {0};
    buf_printf(&full_name, SECRET_PREFIX "%s", name);
    struct field *field = fields_add(fields, SOURCE_SECRET);
    field->name = mem_copy_str(buf_cstr(&full_name));
    enum err err = channel_settings_secret(reference, where, field->name, &field->secret, problem);
    buf_release(&full_name);
    return err;
}

enum err channel_fields_new(struct channel_fields **out, json_t *secrets, const char *where,
                            struct problem *problem)
{
    struct channel_fields *fields = mem_zalloc(1, sizeof(*fields));
    for (size_t i = 0; i < BUILTINS; i++) {
        (void)fields_add(fields, (enum source)i);
    }
    enum err err = ERR_OK;
    /* Reading a reference may replace a value, which a walk by iterator allows but for new keys. */
    for (void *at = json_object_iter(secrets); err == ERR_OK && at != NULL;
         at = json_object_iter_next(secrets, at)) {
        err = fields_add_secret(fields, secrets, json_object_iter_key(at), where, problem);
    }
    if (err != ERR_OK) {
        channel_fields_free(fields);
        fields = NULL;
    }
    *out = fields;
    return err;
}

void channel_fields_free(struct channel_fields *fields)
{
    if (fields == NULL) {
        return;
    }
    for (int i = 0; i < fields->count; i++) {
        mem_free(fields->fields[i].name);
        secret_release(&fields->fields[i].secret);
    }
    mem_free(fields->fields);
    mem_free(fields);
}

static int fields_resolve(void *arg, struct slice name)
{
    struct channel_fields *fields = arg;
    for (int i = 0; i < fields->count; i++) {
        const struct field *field = &fields->fields[i];
        if (slice_is(name, field->name == NULL ? builtin_names[i] : field->name)) {
            return fields->only_secrets && field->source != SOURCE_SECRET ? -1 : i;
        }
    }
    size_t prefix_len = sizeof(SECRET_PREFIX) - 1;
    bool is_secret = name.len >= prefix_len && memcmp(name.data, SECRET_PREFIX, prefix_len) == 0;
    if (is_secret || fields->only_secrets) {
        return -1;
    }
    struct field *variable = fields_add(fields, SOURCE_VARIABLE);
    variable->name = mem_copy_strn((const char *)name.data, name.len);
    return fields->count - 1;
}

enum err channel_fields_template(struct template **out, struct channel_fields *fields,
                                 struct slice text, enum template_escape escape, const char *where,
                                 struct problem *problem)
{
    struct problem inner = {0};
    enum err err = template_new(out, text, escape, fields_resolve, fields, &inner);
    return err == ERR_OK ? ERR_OK : problem_set(problem, ERR_INVALID, "%s: %s", where, inner.text);
}

enum err channel_fields_secret_template(struct template **out, struct channel_fields *fields,
                                        struct slice text, const char *where,
                                        struct problem *problem)
{
    struct problem inner = {0};
    fields->only_secrets = true;
    enum err err = template_new(out, text, TEMPLATE_RAW, fields_resolve, fields, &inner);
    fields->only_secrets = false;
    if (err == ERR_OK) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID, "%s: %s%s", where, inner.text,
                       err == ERR_NOT_FOUND ? "; only secrets may stand here" : "");
}

struct vary_arg {
    const struct channel_fields *fields;
    bool vary;
};

static void fields_on_number(void *arg, int number)
{
    struct vary_arg *seen = arg;
    seen->vary = seen->vary || seen->fields->fields[number].source != SOURCE_SECRET;
}

bool channel_fields_vary(struct channel_fields *fields, const struct template *template)
{
    struct vary_arg seen = {.fields = fields};
    template_numbers(template, fields_on_number, &seen);
    return seen.vary;
}

struct filling {
    const struct channel_fields *fields;
    const struct attempt *attempt;
    char reference[CHANNEL_REFERENCE_CHARS];
};

size_t channel_fields_reference(const struct attempt *attempt,
                                char reference[CHANNEL_REFERENCE_CHARS])
{
    int len = snprintf(reference, CHANNEL_REFERENCE_CHARS, "%" PRIu64 "-%" PRIu32 "-%u",
                       attempt->campaign, attempt->ordinal, attempt->step);
    if (attempt->round > 0) {
        len += snprintf(reference + len, CHANNEL_REFERENCE_CHARS - (size_t)len, "-%u",
                        attempt->round + 1u);
    }
    return (size_t)len;
}

static bool filling_value(void *arg, int number, struct slice *value)
{
    struct filling *filling = arg;
    const struct attempt *attempt = filling->attempt;
    const struct field *field = &filling->fields->fields[number];
    switch (field->source) {
    case SOURCE_TO:
        *value = attempt->endpoint;
        return true;
    case SOURCE_SUBJECT:
        *value = attempt->subject;
        return true;
    case SOURCE_TEXT:
        *value = attempt->text;
        return true;
    case SOURCE_HTML:
        *value = attempt->html;
        return true;
    case SOURCE_TOKEN:
        *value = slice_of(attempt->token, TOKEN_CHARS);
        return true;
    case SOURCE_REFERENCE:
        *value =
            slice_of(filling->reference, channel_fields_reference(attempt, filling->reference));
        return true;
    case SOURCE_KEY:
        *value = attempt->key;
        return true;
    case SOURCE_SECRET:
        *value = buf_view(&field->secret);
        return true;
    case SOURCE_VARIABLE:
        return attempt->variable != NULL &&
               attempt->variable(attempt, slice_str(field->name), value);
    }
    return false;
}

bool channel_fields_fill(struct channel_fields *fields, const struct template *template,
                         const struct attempt *attempt, struct buf *buf)
{
    struct filling filling = {.fields = fields, .attempt = attempt};
    return template_fill(template, buf, filling_value, &filling) < 0;
}

static bool sample_value(void *arg, int number, struct slice *value)
{
    const struct channel_fields *fields = arg;
    const struct field *field = &fields->fields[number];
    *value = field->source == SOURCE_SECRET ? buf_view(&field->secret) : slice_str("1");
    return true;
}

void channel_fields_fill_sample(struct channel_fields *fields, const struct template *template,
                                struct buf *buf)
{
    (void)template_fill(template, buf, sample_value, fields);
}
