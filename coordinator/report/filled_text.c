/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of variables are those of the columns; ours stand behind the last possible one. */
#include "coordinator/report/filled_text.h"

#include "common/locale.h"
#include "common/template.h"

static const char *const house[] = {"token", "campaign", "reply_code", "ack_url",
                                    "unsubscribe_url"};
static const char *const stand_ins[] = {"[token]", NULL, "[reply_code]", "[ack_url]",
                                        "[unsubscribe_url]"};
#define HOUSE          (sizeof(house) / sizeof(house[0]))
#define HOUSE_CAMPAIGN 1U

struct filling {
    const struct wire_content *content;
    const struct page_view *view;
    uint64_t missing;
};

static int resolve(void *arg, struct slice name)
{
    const struct filling *filling = arg;
    for (unsigned i = 0; i < HOUSE; i++) {
        if (slice_is(name, house[i])) {
            return (int)(PAGE_COLUMNS_MAX + i);
        }
    }
    return page_schema_find(&filling->content->schema, name);
}

static bool value_of(void *arg, int number, struct slice *value)
{
    struct filling *filling = arg;
    if (number < PAGE_COLUMNS_MAX) {
        *value = page_value(filling->view, (unsigned)number);
        filling->missing |= value->len == 0 ? UINT64_C(1) << number : 0;
    } else {
        unsigned at = (unsigned)number - PAGE_COLUMNS_MAX;
        *value = slice_str(at == HOUSE_CAMPAIGN ? filling->content->name : stand_ins[at]);
    }
    return true;
}

static enum err fill(struct buf *out, const char *source, enum template_escape escape,
                     struct filling *filling, struct problem *problem)
{
    struct template *template;
    if (source == NULL || source[0] == '\0') {
        return ERR_OK;
    }
    enum err err = template_new(&template, slice_str(source), escape, resolve, filling, problem);
    if (err == ERR_OK) {
        (void)template_fill(template, out, value_of, filling);
        template_free(template);
    }
    return err;
}

/* As a worker chooses it; NULL: there is none for the channel. */
static const struct wire_body *body_for(const struct wire_content *content,
                                        enum channel_kind channel, const struct page_view *view)
{
    char names[WIRE_BODIES_MAX][LOCALE_NAME_MAX + 1];
    const char *list[WIRE_BODIES_MAX];
    const struct wire_body *bodies[WIRE_BODIES_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < content->body_count && count < WIRE_BODIES_MAX; i++) {
        const struct wire_body *body = &content->bodies[i];
        if (body->channel == channel && locale_normalize(slice_str(body->locale), names[count])) {
            list[count] = names[count];
            bodies[count++] = body;
        }
    }
    int column = page_schema_endpoint(&content->schema, PAGE_FIELD_LOCALE, 0);
    struct slice wanted = column < 0 ? slice_str("") : page_value(view, (unsigned)column);
    int chosen = locale_choose(list, count, wanted);
    return chosen < 0 ? NULL : bodies[chosen];
}

enum err filled_text_make(struct filled_text *filled, const struct wire_content *content,
                          enum channel_kind channel, const struct page_view *view,
                          struct problem *problem)
{
    struct filling filling = {content, view, 0};
    *filled = (struct filled_text){0};
    const struct wire_body *body = body_for(content, channel, view);
    if (body == NULL) {
        return problem_set(problem, ERR_NOT_FOUND, "there is no body for this channel");
    }
    filled->locale = body->locale;
    enum err err = fill(&filled->subject, body->subject, TEMPLATE_RAW, &filling, problem);
    if (err == ERR_OK) {
        err = fill(&filled->text, body->text, TEMPLATE_RAW, &filling, problem);
    }
    if (err == ERR_OK) {
        err = fill(&filled->html, body->html, TEMPLATE_HTML, &filling, problem);
    }
    filled->missing = filling.missing;
    return err;
}

void filled_text_release(struct filled_text *filled)
{
    buf_release(&filled->subject);
    buf_release(&filled->text);
    buf_release(&filled->html);
}
