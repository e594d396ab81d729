/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of variables are the numbers of columns; our own stand behind the last possible column.
 * The bodies are kept by channel, so that choosing one looks at the few locales of one channel, and
 * at none when there is only one body.
 */
#include "worker/render.h"

#include <string.h>

#include "common/locale.h"
#include "common/mem.h"
#include "common/template.h"
#include "proto/reply_code.h"

/* Endpoints of one channel that a recipient may have; further columns are not looked for. */
#define RENDER_RANKS_MAX 16

enum render_number {
    RENDER_TOKEN = PAGE_COLUMNS_MAX,
    RENDER_CAMPAIGN,
    RENDER_REPLY_CODE,
    RENDER_ACK_URL,
    RENDER_UNSUBSCRIBE_URL,
    RENDER_NUMBERS
};
#define RENDER_LINKS (RENDER_NUMBERS - RENDER_ACK_URL)

static const char *const render_own_names[] = {"token", "campaign", "reply_code", "ack_url",
                                               "unsubscribe_url"};
static const char *const link_paths[RENDER_LINKS] = {"/a/", "/u/"};

struct render_body {
    char locale[LOCALE_NAME_MAX + 1]; /* as locale_normalize makes it */
    struct template *subject;
    struct template *text;
    struct template *html;
    struct merge *merge;
    const char **attachments;
    unsigned attachment_count;
};

struct render_channel {
    struct render_body *bodies;
    unsigned count;
    const char *locales[WIRE_BODIES_MAX];  /* of the bodies */
    const struct render_body *last_resort; /* the default, or the first */
    int endpoints[RENDER_RANKS_MAX];       /* columns by rank, or -1 */
};

struct render {
    struct page_schema schema;
    char *campaign;
    char *public_url; /* "": none */
    bool has_reply_codes;
    struct reply_codes reply_codes;
    struct reply_code *reply_code;  /* the row's */
    struct buf links[RENDER_LINKS]; /* the last TOKEN_CHARS bytes are the row's; empty: none */
    int locale_column;              /* or -1 */
    struct render_channel channels[CHANNEL_KINDS];
};

static int number_of(const struct render *render, struct slice name)
{
    for (int own = RENDER_TOKEN; own < RENDER_NUMBERS; own++) {
        if (slice_is(name, render_own_names[own - RENDER_TOKEN])) {
            bool is_there = own < RENDER_ACK_URL || render->links[own - RENDER_ACK_URL].len > 0;
            return is_there ? own : -1;
        }
    }
    return page_schema_find(&render->schema, name);
}

static int render_resolve(void *arg, struct slice name)
{
    return number_of(arg, name);
}

static struct slice link_of(const struct render_row *row, int number)
{
    const struct buf *link = &row->render->links[number - RENDER_ACK_URL];
    memcpy(link->data + link->len - TOKEN_CHARS, row->token, TOKEN_CHARS);
    return slice_of(link->data, link->len);
}

/* Empty, and so missing, if the campaign has no codes. */
static struct slice reply_code_of(const struct render_row *row)
{
    const struct render *render = row->render;
    if (!render->has_reply_codes || row->ordinal >= render->reply_codes.range.count) {
        return slice_of(NULL, 0);
    }
    reply_code_write(&render->reply_codes, row->ordinal, render->reply_code);
    return slice_of(render->reply_code->chars, render->reply_code->count);
}

static bool value_of(const struct render_row *row, int number, struct slice *value)
{
    if (number == RENDER_TOKEN) {
        *value = slice_of(row->token, TOKEN_CHARS);
    } else if (number == RENDER_CAMPAIGN) {
        *value = slice_str(row->render->campaign);
    } else if (number == RENDER_REPLY_CODE) {
        *value = reply_code_of(row);
    } else if (number >= RENDER_ACK_URL) {
        *value = link_of(row, number);
    } else {
        *value = page_value(row->view, (unsigned)number);
    }
    return value->len > 0;
}

static bool render_number_value(void *arg, int number, struct slice *value)
{
    return value_of(arg, number, value);
}

struct template_part {
    const char *what;
    const char *source;
    enum template_escape escape;
    struct template **out;
};

static enum err body_parse(struct render *render, struct render_body *body,
                           const struct wire_body *source, struct problem *problem)
{
    const struct template_part parts[] = {
        {"subject", source->subject, TEMPLATE_RAW, &body->subject},
        {"text", source->text, TEMPLATE_RAW, &body->text},
        {"html", source->html, TEMPLATE_HTML, &body->html},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].source == NULL || parts[i].source[0] == '\0') {
            continue;
        }
        struct problem inner = {0};
        enum err err = template_new(parts[i].out, slice_str(parts[i].source), parts[i].escape,
                                    render_resolve, render, &inner);
        if (err != ERR_OK) {
            *parts[i].out = NULL;
            return problem_set(problem, err, "%s of %s, locale \"%s\": %.250s", parts[i].what,
                               channel_kind_name(source->channel), source->locale, inner.text);
        }
    }
    return ERR_OK;
}

static enum err render_add_body(struct render *render, const struct wire_body *source,
                                struct problem *problem)
{
    struct render_channel *channel = &render->channels[source->channel];
    if (channel->count == WIRE_BODIES_MAX) {
        return problem_set(problem, ERR_LIMIT, "more than %d bodies", WIRE_BODIES_MAX);
    }
    channel->bodies =
        mem_resize(channel->bodies, (size_t)channel->count + 1, sizeof(*channel->bodies));
    struct render_body *body = &channel->bodies[channel->count++];
    *body = (struct render_body){0};
    if (!locale_normalize(slice_str(source->locale), body->locale)) {
        return problem_set(problem, ERR_LIMIT, "the locale \"%.80s\" is too long", source->locale);
    }
    body->attachments = mem_zalloc(source->attachment_count, sizeof(*body->attachments));
    for (; body->attachment_count < source->attachment_count; body->attachment_count++) {
        body->attachments[body->attachment_count] =
            mem_copy_str(source->attachments[body->attachment_count]);
    }
    enum err err = body_parse(render, body, source, problem);
    if (err == ERR_OK) {
        body->merge = merge_new(body->subject, body->text, body->html);
    }
    return err;
}

/* After all bodies are there, as they move while they are added. */
static void render_channel_settle(struct render *render, enum channel_kind kind)
{
    struct render_channel *channel = &render->channels[kind];
    for (unsigned i = 0; i < channel->count; i++) {
        channel->locales[i] = channel->bodies[i].locale;
    }
    int last_resort = locale_choose(channel->locales, channel->count, slice_str(""));
    channel->last_resort = last_resort < 0 ? NULL : &channel->bodies[last_resort];
    for (unsigned rank = 0; rank < RENDER_RANKS_MAX; rank++) {
        channel->endpoints[rank] =
            page_schema_endpoint(&render->schema, channel_kind_field(kind), rank);
    }
}

static int locale_column(const struct page_schema *schema)
{
    for (unsigned c = 0; c < schema->count; c++) {
        if (schema->columns[c].field == PAGE_FIELD_LOCALE) {
            return (int)c;
        }
    }
    return -1;
}

static void render_add_links(struct render *render, const char *public_url)
{
    static const char no_token[TOKEN_CHARS] = {0};
    for (size_t i = 0; i < RENDER_LINKS && public_url != NULL && public_url[0] != '\0'; i++) {
        buf_str(&render->links[i], public_url);
        buf_str(&render->links[i], link_paths[i]);
        buf_slice(&render->links[i], slice_of(no_token, TOKEN_CHARS));
    }
}

enum err render_new(struct render **out, const struct wire_content *content,
                    struct problem *problem)
{
    struct render *render = mem_zalloc(1, sizeof(*render));
    render->schema = content->schema;
    render->campaign = mem_copy_str(content->name == NULL ? "" : content->name);
    render->has_reply_codes = content->reply_range.count > 0;
    if (render->has_reply_codes) {
        reply_codes_init(&render->reply_codes, &content->reply_range, content->campaign,
                         content->token_key);
    }
    render->reply_code = mem_zalloc(1, sizeof(*render->reply_code));
    render->locale_column = locale_column(&content->schema);
    render->public_url = mem_copy_str(content->public_url == NULL ? "" : content->public_url);
    render_add_links(render, content->public_url);
    enum err err = ERR_OK;
    for (unsigned i = 0; i < content->body_count && err == ERR_OK; i++) {
        err = render_add_body(render, &content->bodies[i], problem);
    }
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        render_channel_settle(render, (enum channel_kind)kind);
    }
    if (err != ERR_OK) {
        render_free(render);
        render = NULL;
    }
    *out = render;
    return err;
}

static void attachments_free(struct render_body *body)
{
    for (unsigned i = 0; i < body->attachment_count; i++) {
        mem_free((void *)(uintptr_t)body->attachments[i]);
    }
    mem_free(body->attachments);
}

void render_free(struct render *render)
{
    if (render == NULL) {
        return;
    }
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        struct render_channel *channel = &render->channels[kind];
        for (unsigned i = 0; i < channel->count; i++) {
            merge_free(channel->bodies[i].merge);
            template_free(channel->bodies[i].subject);
            template_free(channel->bodies[i].text);
            template_free(channel->bodies[i].html);
            attachments_free(&channel->bodies[i]);
        }
        mem_free(channel->bodies);
    }
    for (size_t i = 0; i < RENDER_LINKS; i++) {
        buf_release(&render->links[i]);
    }
    mem_free(render->campaign);
    mem_free(render->public_url);
    mem_free(render->reply_code);
    mem_free(render);
}

int render_endpoint(const struct render *render, enum channel_kind channel, unsigned rank)
{
    return rank < RENDER_RANKS_MAX ? render->channels[channel].endpoints[rank] : -1;
}

struct slice render_public_url(const struct render *render)
{
    return slice_str(render->public_url);
}

bool render_has_channel(const struct render *render, enum channel_kind channel)
{
    return render->channels[channel].count > 0;
}

const struct render_body *render_body_for(const struct render *render, enum channel_kind channel,
                                          const struct page_view *view)
{
    const struct render_channel *from = &render->channels[channel];
    if (from->count <= 1 || render->locale_column < 0) {
        return from->last_resort;
    }
    struct slice locale = page_value(view, (unsigned)render->locale_column);
    return &from->bodies[locale_choose(from->locales, from->count, locale)];
}

const char *const *render_attachments(const struct render_body *body, unsigned *count)
{
    *count = body->attachment_count;
    return body->attachments;
}

static int part_fill(const struct template *template, struct render_row *row, struct buf *buf)
{
    return template == NULL ? -1 : template_fill(template, buf, render_number_value, row);
}

int render_fill(const struct render_body *body, const struct render_row *row, struct buf *buf,
                struct render_texts *texts)
{
    buf_clear(buf);
    (void)buf_reserve(buf, 1);    /* so that the slices point somewhere */
    struct render_row own = *row; /* a callback's argument is not const */
    int missing = part_fill(body->subject, &own, buf);
    size_t subject_end = buf->len;
    if (missing < 0) {
        missing = part_fill(body->text, &own, buf);
    }
    size_t text_end = buf->len;
    if (missing < 0) {
        missing = part_fill(body->html, &own, buf);
    }
    /* Only now, as the buffer may have moved. */
    texts->subject = slice_of(buf->data, subject_end);
    texts->text = slice_of(buf->data + subject_end, text_end - subject_end);
    texts->html = slice_of(buf->data + text_end, buf->len - text_end);
    return missing;
}

const struct merge *render_merge(const struct render_body *body)
{
    return body->merge;
}

int render_values(const struct merge *merge, const struct render_row *row, struct buf *buf,
                  struct slice *values)
{
    struct render_row own = *row; /* a callback's argument is not const */
    return merge_fill(merge, buf, render_number_value, &own, values);
}

struct slice render_variable_name(const struct render *render, int number)
{
    if (number >= RENDER_TOKEN) {
        return slice_str(render_own_names[number - RENDER_TOKEN]);
    }
    return slice_str(render->schema.columns[number].name);
}

bool render_value(const struct render_row *row, struct slice name, struct slice *value)
{
    int number = number_of(row->render, name);
    return number >= 0 && value_of(row, number, value);
}
