/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/sent_text.h"

#include <string.h>

#include "common/locale.h"
#include "common/mem.h"
#include "common/template.h"

#define LOCALES_MAX 256

/* Of our own, which no column can shadow; those that are secrets stand for themselves. */
static const char *const own_names[] = {"campaign", "token", "reply_code", "ack_url",
                                        "unsubscribe_url"};
static const char *const own_values[] = {NULL, "[token]", "[reply_code]", "[ack_url]",
                                         "[unsubscribe_url]"};
#define OWN (sizeof(own_names) / sizeof(own_names[0]))

static int resolve(void *arg, struct slice name)
{
    const struct bundle *bundle = arg;
    for (size_t i = 0; i < OWN; i++) {
        if (slice_is(name, own_names[i])) {
            return (int)(PAGE_COLUMNS_MAX + i);
        }
    }
    return page_schema_find(&bundle->schema, name);
}

static bool value_of(void *arg, int number, struct slice *value)
{
    const struct bundle *bundle = arg;
    if (number == PAGE_COLUMNS_MAX) {
        *value = slice_str(json_string_value(json_object_get(bundle->document, "name")));
    } else if (number > PAGE_COLUMNS_MAX) {
        *value = slice_str(own_values[number - PAGE_COLUMNS_MAX]);
    } else {
        *value = slice_str(bundle->values[number]);
    }
    return value->len > 0;
}

static bool fill(const struct bundle *bundle, const char *source, enum template_escape escape,
                 struct buf *buf)
{
    struct template *template = NULL;
    struct problem problem;
    void *arg = (void *)(uintptr_t)bundle; /* a callback's argument is not const */
    if (source == NULL || source[0] == '\0') {
        return true;
    }
    if (template_new(&template, slice_str(source), escape, resolve, arg, &problem) != ERR_OK) {
        return false;
    }
    bool is_filled = template_fill(template, buf, value_of, arg) < 0;
    template_free(template);
    return is_filled;
}

/* {"text":...} and not {"default":{...}}? */
static bool is_plain(json_t *bodies)
{
    const char *name;
    json_t *value;
    json_object_foreach(bodies, name, value)
    {
        if (json_is_object(value)) {
            return false;
        }
    }
    return true;
}

static struct slice locale_of(const struct bundle *bundle)
{
    for (unsigned i = 0; i < bundle->schema.count; i++) {
        if (bundle->schema.columns[i].field == PAGE_FIELD_LOCALE) {
            return slice_str(bundle->values[i]);
        }
    }
    return slice_of(NULL, 0);
}

/* Which of the bodies is the recipient's; NULL if there is none. */
static json_t *choose(const struct bundle *bundle, json_t *bodies, const char **locale)
{
    char(*normal)[LOCALE_NAME_MAX + 1] = mem_zalloc(LOCALES_MAX, sizeof(*normal));
    const char *names[LOCALES_MAX];
    const char *given[LOCALES_MAX];
    unsigned count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(bodies, name, value)
    {
        const char *wanted = strcmp(name, "default") == 0 ? "" : name;
        if (count < LOCALES_MAX && locale_normalize(slice_str(wanted), normal[count])) {
            given[count] = name;
            names[count] = normal[count];
            count++;
        }
    }
    int at = locale_choose(names, count, locale_of(bundle));
    mem_free(normal);
    *locale = at < 0 ? NULL : given[at];
    return at < 0 ? NULL : json_object_get(bodies, given[at]);
}

bool sent_text_make(struct sent_text *sent, const struct bundle *bundle, enum channel_kind channel)
{
    json_t *content = json_object_get(bundle->document, "content");
    json_t *bodies = json_object_get(content, channel_kind_name(channel));
    if (!json_is_object(bodies) || bundle->values == NULL) {
        return false;
    }
    sent->locale = "default";
    sent->body = is_plain(bodies) ? bodies : choose(bundle, bodies, &sent->locale);
    if (!json_is_object(sent->body)) {
        return false;
    }
    const char *subject = json_string_value(json_object_get(sent->body, "subject"));
    const char *text = json_string_value(json_object_get(sent->body, "text"));
    const char *html = json_string_value(json_object_get(sent->body, "html"));
    return fill(bundle, subject, TEMPLATE_RAW, &sent->subject) &&
           fill(bundle, text, TEMPLATE_RAW, &sent->text) &&
           fill(bundle, html, TEMPLATE_HTML, &sent->html);
}

void sent_text_release(struct sent_text *sent)
{
    buf_release(&sent->subject);
    buf_release(&sent->text);
    buf_release(&sent->html);
    *sent = (struct sent_text){0};
}
