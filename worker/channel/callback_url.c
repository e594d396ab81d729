/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/callback_url.h"

#include <string.h>

#include "net/http_client.h"

void callback_url_put(struct buf *buf, struct slice base, const char *way, const char *provider,
                      const char token[TOKEN_CHARS])
{
    while (base.len > 0 && base.data[base.len - 1] == '/') {
        base.len--;
    }
    buf_slice(buf, base);
    buf_str(buf, way);
    buf_str(buf, provider);
    buf_u8(buf, '/');
    buf_append(buf, token, TOKEN_CHARS);
}

enum err callback_url_check(const char *url, const char *where, const char *key,
                            struct problem *problem)
{
    if (url == NULL || (http_client_url_is_valid(url) && strpbrk(url, "?# \t\r\n") == NULL)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "%s: %s must begin with http:// or https://, name a host and have no query, "
                       "not \"%.80s\"",
                       where, key, url);
}
