/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_head: whether all who read a request's head read the same in it. Where a proxy and we could
 * take different bytes for its body, or different headers for its token, somebody could hide a
 * request in another one. So what RFC 9112 (sections 3.2, 5.1 and 6) and RFC 9110 (section 5.5)
 * forbid is refused, and so is a header twice of which one alone is read. The connection ends with
 * the answer: nobody knows where a next request would begin. Pure; a part of http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_HEAD_H
#define TOCSIN_HTTP_HTTP_HEAD_H

#include <stdbool.h>

#include "common/slice.h"

#define HTTP_HEAD_SINGLE 5 /* headers that are read once */

struct http_head {
    unsigned counts[HTTP_HEAD_SINGLE];
    bool is_coded;   /* by Transfer-Encoding */
    bool is_chunked; /* and that alone */
    const char *flaw;
};

/* Each header in turn, of a head that is zeroed. Values may hold any bytes. */
void http_head_add(struct http_head *head, struct slice name, struct slice value);
/* After all of them. version: "HTTP/1.1". NULL: nothing is wrong; else what is, and the status to
 * say it with: 400, or 501 for an encoding that is not known here. */
const char *http_head_flaw(const struct http_head *head, const char *version, unsigned *status);

#endif
