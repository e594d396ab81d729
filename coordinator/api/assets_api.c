/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dashboard's page and what it loads. None of it is secret: the page asks for a token, and what
 * it shows comes from the API.
 *
 * Names under /assets/ have a hash of the contents in them, so they are kept for ever; the others
 * are asked for anew each time, by their entity tag.
 */
#include <string.h>

#include "coordinator/api/asset.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"

/* Nothing but our own files, no script or style within the page, no frame around it, no form that
 * is sent by the browser itself. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

static bool is_hashed_name(const struct asset *asset)
{
    return strncmp(asset->path, "/assets/", strlen("/assets/")) == 0;
}

void assets_get(struct exchange *exchange)
{
    struct http_request *http = exchange->http;
    const struct asset *asset = asset_find(assets, http_path(http));
    if (asset == NULL) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 404, .detail = "there is nothing at this path"});
        return;
    }
    bool is_gzip = asset->gzip.len > 0 && asset_takes_gzip(http_header(http, "Accept-Encoding"));
    const char *etag =
        arena_printf(exchange->arena, "\"%s%s\"", asset->hash, is_gzip ? "-gzip" : "");
    http_reply_header(http, "Cache-Control",
                      is_hashed_name(asset) ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(http, "ETag", etag);
    http_reply_header(http, "Vary", "Accept-Encoding");
    http_reply_header(http, "Content-Security-Policy", policy);
    http_reply_header(http, "X-Content-Type-Options", "nosniff");
    http_reply_header(http, "Referrer-Policy", "no-referrer");
    if (asset_is_known(http_header(http, "If-None-Match"), etag)) {
        http_reply(http, 304, NULL, slice_of(NULL, 0));
        return;
    }
    if (is_gzip) {
        http_reply_header(http, "Content-Encoding", "gzip");
    }
    http_reply_lent(http, 200, asset->type, is_gzip ? asset->gzip : asset->plain);
}
