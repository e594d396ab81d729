/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/kannel_form.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"

#define DIGITS_BYTES 12

static void push_header(struct kannel_form *form, const char *line)
{
    uint32_t count = form->header_count++;
    form->headers = mem_resize(form->headers, count + 2, sizeof(*form->headers));
    form->headers[count] = mem_copy_str(line);
    form->headers[count + 1] = NULL;
}

void kannel_form_init(struct kannel_form *form, enum kannel_method method, const char *url,
                      uint32_t dlr_mask)
{
    form->method = method;
    form->dlr_mask = dlr_mask;
    if (method == KANNEL_GET) {
        buf_printf(&form->fixed, "%s?charset=UTF-8", url);
    } else {
        push_header(form, "Content-Type: text/plain; charset=UTF-8");
    }
}

void kannel_form_release(struct kannel_form *form)
{
    for (uint32_t i = 0; i < form->header_count; i++) {
        explicit_bzero(form->headers[i], strlen(form->headers[i]));
        mem_free(form->headers[i]);
    }
    mem_free(form->headers);
    secret_release(&form->fixed);
    secret_release(&form->line);
}

static void add_parameter(struct buf *url, const char *name, struct slice value)
{
    buf_printf(url, "&%s=", name);
    text_url_encode(url, value);
}

void kannel_form_add(struct kannel_form *form, const char *parameter, const char *header,
                     const char *value)
{
    if (value == NULL) {
        return;
    }
    if (form->method == KANNEL_GET) {
        add_parameter(&form->fixed, parameter, slice_str(value));
        return;
    }
    buf_clear(&form->line);
    buf_printf(&form->line, "X-Kannel-%s: %s", header, value);
    push_header(form, buf_cstr(&form->line));
}

void kannel_form_add_number(struct kannel_form *form, const char *parameter, const char *header,
                            uint32_t value)
{
    char digits[DIGITS_BYTES];
    (void)snprintf(digits, sizeof(digits), "%u", (unsigned)value);
    kannel_form_add(form, parameter, header, digits);
}

static const char *coding_of(const struct kannel_batch *batch)
{
    return batch->is_ucs2 ? "2" : "0";
}

static void fill_get(struct kannel_form *form, const struct kannel_batch *batch, struct buf *url)
{
    buf_slice(url, buf_view(&form->fixed));
    buf_clear(&form->line);
    kannel_batch_numbers(batch, &form->line);
    add_parameter(url, "to", buf_view(&form->line));
    add_parameter(url, "text", buf_view(&batch->text));
    add_parameter(url, "coding", slice_str(coding_of(batch)));
    if (batch->dlr_url.len > 0) {
        add_parameter(url, "dlr-url", buf_view(&batch->dlr_url));
        buf_printf(url, "&dlr-mask=%u", (unsigned)form->dlr_mask);
    }
}

static void put_header(struct kannel_form *form, struct http_request *request, const char *name,
                       struct slice value)
{
    buf_clear(&form->line);
    buf_printf(&form->line, "X-Kannel-%s: ", name);
    buf_slice(&form->line, value);
    http_request_header(request, buf_cstr(&form->line));
}

static void fill_post(struct kannel_form *form, const struct kannel_batch *batch,
                      struct http_request *request)
{
    buf_slice(http_request_body(request), buf_view(&batch->text));
    buf_clear(&form->line);
    buf_str(&form->line, "X-Kannel-To: ");
    kannel_batch_numbers(batch, &form->line);
    http_request_header(request, buf_cstr(&form->line));
    put_header(form, request, "Coding", slice_str(coding_of(batch)));
    if (batch->dlr_url.len > 0) {
        char mask[DIGITS_BYTES];
        (void)snprintf(mask, sizeof(mask), "%u", (unsigned)form->dlr_mask);
        put_header(form, request, "DLR-Url", buf_view(&batch->dlr_url));
        put_header(form, request, "DLR-Mask", slice_str(mask));
    }
}

void kannel_form_fill(struct kannel_form *form, const struct kannel_batch *batch,
                      struct http_request *request)
{
    if (form->method == KANNEL_GET) {
        fill_get(form, batch, http_request_url(request));
    } else {
        fill_post(form, batch, request);
    }
}
