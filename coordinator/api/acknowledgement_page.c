/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/acknowledgement_page.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n"
    "<style>\n"
    "body{max-width:32rem;margin:12vh auto;padding:0 1.5rem;font:1.125rem/1.5 system-ui,sans-serif;"
    "color:#1b1b1f;background:#fff}\n"
    "h1{font-size:1.5rem;line-height:1.25}\n"
    "button{width:100%;padding:1rem;border:0;border-radius:.5rem;font:inherit;font-weight:600;"
    "color:#fff;background:#0b5394}\n"
    "button:focus-visible{outline:3px solid #f5a623;outline-offset:3px}\n"
    "@media(prefers-color-scheme:dark){body{color:#f2f2f5;background:#16161a}"
    "button{background:#2f7fd1}}\n"
    "</style>\n";

static void put_escaped(struct buf *html, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            buf_str(html, "&lt;");
            break;
        case '>':
            buf_str(html, "&gt;");
            break;
        case '&':
            buf_str(html, "&amp;");
            break;
        case '"':
            buf_str(html, "&quot;");
            break;
        default:
            buf_u8(html, (uint8_t)*text);
        }
    }
}

static void page_begin(struct buf *html, const char *title)
{
    buf_str(html, head);
    buf_str(html, "<title>");
    put_escaped(html, title);
    buf_str(html, "</title>\n</head>\n<body>\n<main>\n<h1>");
    put_escaped(html, title);
    buf_str(html, "</h1>\n");
}

static void page_end(struct buf *html)
{
    buf_str(html, "</main>\n</body>\n</html>\n");
}

static void protect(struct http_request *http)
{
    http_reply_header(http, "Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                      "frame-ancestors 'none'");
    http_reply_header(http, "Referrer-Policy", "no-referrer"); /* the address is the token */
}

static void page_send(struct http_request *http, unsigned status, struct buf *html)
{
    protect(http);
    http_reply(http, status, ACKNOWLEDGEMENT_PAGE_TYPE, buf_view(html));
    buf_release(html);
}

void acknowledgement_page_ask(struct http_request *http, const char *campaign)
{
    struct buf html = {0};
    page_begin(&html, campaign);
    buf_str(&html, "<p>Please confirm that you have received this message.</p>\n"
                   "<form method=\"post\"><button type=\"submit\">I have received it</button>"
                   "</form>\n");
    page_end(&html);
    page_send(http, 200, &html);
}

void acknowledgement_page_thanks(struct http_request *http, const char *campaign, struct buf *html)
{
    protect(http);
    page_begin(html, campaign);
    buf_str(html, "<p role=\"status\">Thank you. We know now that you have received it, and will "
                  "not remind you again. You can close this page.</p>\n");
    page_end(html);
}

void acknowledgement_page_refuse(struct http_request *http, unsigned status)
{
    struct buf html = {0};
    if (status == 503) {
        page_begin(&html, "Please try again in a minute");
        buf_str(&html, "<p>Your confirmation could not be stored just now.</p>\n");
    } else if (status == 410) {
        page_begin(&html, "This message is too old");
        buf_str(&html, "<p>It can no longer be confirmed. There is nothing that you need to "
                       "do.</p>\n");
    } else {
        page_begin(&html, "This link does not work");
        buf_str(&html, "<p>Part of it may be missing. Please open it as it stands in the message, "
                       "or copy all of it.</p>\n");
    }
    page_end(&html);
    page_send(http, status, &html);
}
