/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/push_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "worker/channel/json_pointer.h"

#define WHERE_MAX_BYTES 160

struct push_form {
    struct channel_fields *fields;
    struct template *titled;
    struct template *untitled;
};

/* Printing JSON doubles the backslash of `\{{`. */
static void print(struct buf *buf, const json_t *document)
{
    char *printed = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    for (const char *at = printed; *at != '\0'; at++) {
        at += strncmp(at, "\\\\{{", 4) == 0 ? 1 : 0;
        buf_u8(buf, (uint8_t)*at);
    }
    free(printed);
}

/* A template may have been put into a name or cut a text in two. */
static enum err check(struct push_form *form, const struct template *template, const char *where,
                      struct problem *problem)
{
    struct buf sample = {0};
    json_error_t error;
    channel_fields_fill_sample(form->fields, template, &sample);
    json_t *parsed = json_loadb((const char *)sample.data, sample.len, 0, &error);
    enum err err = parsed != NULL
                       ? ERR_OK
                       : problem_set(problem, ERR_INVALID, "%s is no JSON once it is filled: %s",
                                     where, error.text);
    json_decref(parsed);
    buf_release(&sample);
    return err;
}

static enum err make_template(struct push_form *form, struct template **out, const json_t *document,
                              const char *where, struct problem *problem)
{
    struct buf text = {0};
    print(&text, document);
    enum err err =
        channel_fields_template(out, form->fields, buf_view(&text), TEMPLATE_JSON, where, problem);
    buf_release(&text);
    return err == ERR_OK ? check(form, *out, where, problem) : err;
}

/* What settings set to null is not to be sent. */
static void drop_nulls(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(object, name);
        } else {
            drop_nulls(value);
        }
    }
}

enum err push_form_new(struct push_form **out, struct channel_fields *fields,
                       const struct push_form_settings *settings, const char *where,
                       const char *key, struct problem *problem)
{
    struct push_form *form = mem_zalloc(1, sizeof(*form));
    json_t *base = settings->take_base;
    char inner[WHERE_MAX_BYTES];
    (void)snprintf(inner, sizeof(inner), "%s: %s", where, key);
    form->fields = fields;
    if (settings->over != NULL) {
        (void)json_object_update_recursive(base, settings->over);
        drop_nulls(base);
    }
    enum err err = make_template(form, &form->titled, base, inner, problem);
    if (err == ERR_OK) {
        (void)json_object_del(json_pointer_get(base, settings->alert), "title");
        err = make_template(form, &form->untitled, base, inner, problem);
    }
    json_decref(base);
    if (err != ERR_OK) {
        push_form_free(form);
        form = NULL;
    }
    *out = form;
    return err;
}

void push_form_free(struct push_form *form)
{
    if (form != NULL) {
        template_free(form->titled);
        template_free(form->untitled);
        mem_free(form);
    }
}

bool push_form_fill(const struct push_form *form, const struct attempt *attempt, struct buf *buf)
{
    const struct template *template = attempt->subject.len > 0 ? form->titled : form->untitled;
    return channel_fields_fill(form->fields, template, attempt, buf);
}
