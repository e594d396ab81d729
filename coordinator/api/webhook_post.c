/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/webhook_post.h"

#include <inttypes.h>

#define CONNECT_MS   5000
#define ASKED_MAX_MS 3600000U

struct http_client *webhook_client_new(const struct webhook_client_terms *terms)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    const struct http_client_settings settings = {
        .loop = terms->loop,
        .on_answer = terms->on_answer,
        .arg = terms->arg,
        .connections = terms->at_once,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = terms->timeout_ms,
        .method = "POST",
        .has_body = true,
        .url = terms->url,
        .headers = headers,
        .ca_file = terms->ca_file,
        .https_only = !terms->allow_http,
        .guard = terms->guard,
    };
    return http_client_new(&settings);
}

static void put_header(struct http_request *request, struct buf *line)
{
    http_request_header(request, buf_cstr(line));
    buf_clear(line);
}

void webhook_post_sign(struct http_request *request, const struct webhook_key *keys, unsigned count,
                       struct slice id, uint64_t now_s, struct buf *scratch)
{
    buf_clear(scratch);
    buf_str(scratch, "webhook-id: ");
    buf_slice(scratch, id);
    put_header(request, scratch);
    buf_printf(scratch, "webhook-timestamp: %" PRIu64, now_s);
    put_header(request, scratch);
    buf_str(scratch, "webhook-signature: ");
    webhook_sign(scratch, keys, count, id, now_s, buf_view(http_request_body(request)));
    put_header(request, scratch);
}

bool webhook_refuses_one(uint16_t status)
{
    return (status / 100 == 3 || status / 100 == 4) && status != 429;
}

/* Those that are left out speak of who asks (401, 402, 403, 407), or of now (408, 409, 421, 423,
 * 425, 429); 410 ends it all. */
bool webhook_refuses_for_good(uint16_t status)
{
    static const uint16_t others[] = {401, 402, 403, 407, 408, 409, 410, 421, 423, 425, 429};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i] == status) {
            return false;
        }
    }
    return status / 100 == 4;
}

uint32_t webhook_asked_ms(const struct http_answer *answer)
{
    return answer->retry_after_ms > ASKED_MAX_MS ? ASKED_MAX_MS : answer->retry_after_ms;
}
