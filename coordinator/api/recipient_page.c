/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a recipient's locale is one read of his audience's page. Whoever presses the button
 * comes from a form that knows its language already, so that many confirmations at a time read
 * nothing.
 */
#include "coordinator/api/recipient_page.h"

#include <string.h>

#include "common/text.h"
#include "coordinator/report/page_reader.h"

#define PAGE_TYPE "text/html; charset=utf-8"

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#1b1b1f;--soft:#55555f;--paper:#fff;--around:#f1f2f5;"
    "--accent:#0b5394;--on:#fff;--good:#1a7f4b}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#f2f2f5;--soft:#b9bac4;--paper:#1e1f25;"
    "--around:#121317;--accent:#8ec5ff;--on:#0b1a2a;--good:#6fd6a0}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;min-height:100vh;min-height:100svh;display:grid;place-items:center;"
    "padding:1rem;font:1.125rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\","
    "sans-serif;color:var(--ink);background:var(--around)}\n"
    "main{width:100%;max-width:30rem;padding:2rem;border-radius:1rem;background:var(--paper);"
    "box-shadow:0 1px 2px rgba(0,0,0,.08),0 8px 28px rgba(0,0,0,.08)}\n"
    "h1{margin:0;font-size:1.5rem;line-height:1.3;overflow-wrap:anywhere}\n"
    "p{margin:.75rem 0 0;color:var(--soft)}\n"
    "form{margin:1.75rem 0 0}\n"
    "button{width:100%;min-height:3.25rem;padding:.75rem 1rem;border:2px solid transparent;"
    "border-radius:.75rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);"
    "cursor:pointer}\n"
    "button:hover{filter:brightness(1.1)}\n"
    "button:focus-visible{outline:3px solid #f5a623;outline-offset:3px}\n"
    "svg{display:block;width:3rem;height:3rem;margin:0 0 1rem;color:var(--good)}\n"
    "@media(max-width:24rem){main{padding:1.5rem}h1{font-size:1.3rem}}\n"
    "</style>\n";

static const char check_mark[] =
    "<svg viewBox=\"0 0 48 48\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"4\" "
    "stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">"
    "<circle cx=\"24\" cy=\"24\" r=\"21\"/><path d=\"M15 25l6.5 6.5L34 18\"/></svg>\n";

/* ---- the language ---- */

/* NULL: the audience does not say, or in no language that there are pages in. */
static const struct recipient_texts *texts_of_recipient(const struct api *api,
                                                        const struct token *token)
{
    struct campaign_view view;
    if (!engine_campaign(api->context.engine, token->campaign, &view)) {
        return NULL;
    }
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view.def->audience);
    int column = info == NULL || token->ordinal >= info->slots
                     ? -1
                     : page_schema_endpoint(&info->schema, PAGE_FIELD_LOCALE, 0);
    if (column < 0) {
        return NULL;
    }
    const struct recipient_texts *texts = NULL;
    struct page_reader reader;
    page_reader_init(&reader, api->context.ledger, info->id);
    if (page_reader_seek(&reader, token->ordinal) == ERR_OK) {
        texts = recipient_texts_find(page_value(&reader.view, (unsigned)column));
    }
    page_reader_release(&reader);
    return texts;
}

const struct recipient_texts *recipient_page_texts(const struct exchange *exchange,
                                                   const struct token *token)
{
    const struct recipient_texts *texts =
        token == NULL ? NULL : texts_of_recipient(exchange->api, token);
    return texts != NULL ? texts
                         : recipient_texts_accept(http_header(exchange->http, "Accept-Language"));
}

const struct recipient_texts *recipient_page_form_texts(const struct exchange *exchange,
                                                        const struct token *token)
{
    static const char field[] = "lang=";
    const struct recipient_texts *texts = NULL;
    struct slice body = http_body(exchange->http);
    if (body.len > sizeof(field) && memcmp(body.data, field, sizeof(field) - 1) == 0) {
        struct slice rest = slice_of(body.data + sizeof(field) - 1, body.len - (sizeof(field) - 1));
        texts = recipient_texts_find(slice_take_until(&rest, '&'));
    }
    return texts != NULL ? texts : recipient_page_texts(exchange, token);
}

/* ---- the frame ---- */

/* What differs from page to page. */
struct contents {
    const char *title;
    const char *text;
    const char *button; /* NULL: there is no form */
    const char *field;  /* its hidden one */
    const char *value;
    bool is_done;
};

static void put_form(struct buf *html, const struct contents *contents)
{
    buf_printf(html,
               "<form method=\"post\"><input type=\"hidden\" name=\"%s\" value=\"%s\">"
               "<button type=\"submit\">%s</button></form>\n",
               contents->field, contents->value, contents->button);
}

/* The title may be the campaign's name, and so in another language and direction. */
static void put_page(struct buf *html, const struct recipient_texts *texts,
                     const struct contents *contents)
{
    buf_printf(html,
               "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"robots\" content=\"noindex\">\n"
               "<meta name=\"format-detection\" content=\"telephone=no\">\n<title>",
               texts->language, texts->direction);
    text_markup(html, slice_str(contents->title));
    buf_str(html, "</title>\n");
    buf_str(html, style);
    buf_str(html, "</head>\n<body>\n<main>\n");
    buf_str(html, contents->is_done ? check_mark : "");
    buf_str(html, "<h1><bdi>");
    text_markup(html, slice_str(contents->title));
    buf_printf(html, "</bdi></h1>\n<p%s>%s</p>\n", contents->is_done ? " role=\"status\"" : "",
               contents->text);
    if (contents->button != NULL) {
        put_form(html, contents);
    }
    buf_str(html, "</main>\n</body>\n</html>\n");
}

static struct contents contents_of(enum recipient_page page, const struct recipient_texts *texts,
                                   const char *campaign)
{
    switch (page) {
    case RECIPIENT_PAGE_CONFIRM:
        return (struct contents){campaign, texts->ask,      texts->confirm,
                                 "lang",   texts->language, false};
    case RECIPIENT_PAGE_THANKS:
        return (struct contents){.title = campaign, .text = texts->thanks, .is_done = true};
    case RECIPIENT_PAGE_UNSUBSCRIBE:
        return (struct contents){texts->unsubscribe, texts->unsubscribe_ask,
                                 texts->unsubscribe, "List-Unsubscribe",
                                 "One-Click",        false};
    case RECIPIENT_PAGE_UNSUBSCRIBED:
        return (struct contents){
            .title = texts->unsubscribed_title, .text = texts->unsubscribed, .is_done = true};
    case RECIPIENT_PAGE_UNCHANGED:
        return (struct contents){.title = texts->unchanged_title, .text = texts->unchanged};
    case RECIPIENT_PAGE_OLD:
        return (struct contents){.title = texts->old_title, .text = texts->old};
    case RECIPIENT_PAGE_LATER:
        return (struct contents){.title = texts->later_title, .text = texts->later};
    case RECIPIENT_PAGE_BROKEN:
        break;
    }
    return (struct contents){.title = texts->broken_title, .text = texts->broken};
}

/* ---- answers ---- */

static void write_page(struct exchange *exchange, enum recipient_page page,
                       const struct recipient_texts *texts, const char *campaign, struct buf *html)
{
    struct http_request *http = exchange->http;
    http_reply_header(http, "Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                      "frame-ancestors 'none'");
    http_reply_header(http, "Referrer-Policy", "no-referrer"); /* the address is the token */
    http_reply_header(http, "Content-Language", texts->language);
    struct contents contents = contents_of(page, texts, campaign);
    put_page(html, texts, &contents);
}

void recipient_page_reply(struct exchange *exchange, unsigned status, enum recipient_page page,
                          const struct recipient_texts *texts, const char *campaign)
{
    struct buf html = {0};
    write_page(exchange, page, texts, campaign, &html);
    http_reply(exchange->http, status, PAGE_TYPE, buf_view(&html));
    buf_release(&html);
}

void recipient_page_commit(struct exchange *exchange, enum recipient_page page,
                           const struct recipient_texts *texts, const char *campaign)
{
    struct buf html = {0};
    write_page(exchange, page, texts, campaign, &html);
    exchange_commit_text(exchange, 200, PAGE_TYPE, buf_cstr(&html));
    buf_release(&html);
}

void recipient_page_refuse(struct exchange *exchange, unsigned status,
                           const struct recipient_texts *texts)
{
    enum recipient_page page = status == 400   ? RECIPIENT_PAGE_UNCHANGED
                               : status == 410 ? RECIPIENT_PAGE_OLD
                               : status == 503 ? RECIPIENT_PAGE_LATER
                                               : RECIPIENT_PAGE_BROKEN;
    recipient_page_reply(exchange, status, page, texts, NULL);
}
