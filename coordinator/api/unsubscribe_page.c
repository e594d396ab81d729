/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/unsubscribe_page.h"

static const char HEAD[] =
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

static void put_page(struct buf *html, const char *title, const char *text)
{
    buf_str(html, HEAD);
    buf_printf(html,
               "<title>%s</title>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n%s</main>\n</body>\n"
               "</html>\n",
               title, title, text);
}

static void protect(struct http_request *http)
{
    http_reply_header(http, "Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                      "frame-ancestors 'none'");
    http_reply_header(http, "Referrer-Policy", "no-referrer"); /* the address is the token */
}

static void send_page(struct http_request *http, unsigned status, const char *title,
                      const char *text)
{
    struct buf html = {0};
    put_page(&html, title, text);
    protect(http);
    http_reply(http, status, UNSUBSCRIBE_PAGE_TYPE, buf_view(&html));
    buf_release(&html);
}

void unsubscribe_page_ask(struct http_request *http)
{
    send_page(http, 200, "Unsubscribe",
              "<p>You will get no more messages of ours at this address or number.</p>\n"
              "<form method=\"post\">"
              "<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
              "<button type=\"submit\">Unsubscribe</button></form>\n");
}

void unsubscribe_page_done(struct http_request *http, struct buf *html)
{
    protect(http);
    put_page(
        html, "You are unsubscribed",
        "<p role=\"status\">We will send nothing more to this address or number. You can close "
        "this page.</p>\n");
}

void unsubscribe_page_refuse(struct http_request *http, unsigned status)
{
    if (status == 503) {
        send_page(http, status, "Please try again in a minute",
                  "<p>Your request could not be stored just now.</p>\n");
    } else if (status == 400) {
        send_page(http, status, "Nothing was changed",
                  "<p>Please open the link in your message and press the button.</p>\n");
    } else if (status == 410) {
        send_page(http, status, "This link is too old",
                  "<p>Please use the link of a newer message, or write to us.</p>\n");
    } else {
        send_page(
            http, status, "This link does not work",
            "<p>Part of it may be missing. Please open it as it stands in the message, or copy all "
            "of it.</p>\n");
    }
}
