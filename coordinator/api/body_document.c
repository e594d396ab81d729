/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/body_document.h"

#include <string.h>
#include <strings.h>

static bool is_yaml(const char *type)
{
    static const char *const types[] = {"application/yaml", "application/x-yaml", "text/yaml"};
    for (size_t i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        size_t len = strlen(types[i]);
        bool is_whole = strncasecmp(type, types[i], len) == 0 && strchr("; ", type[len]) != NULL;
        if (is_whole) { /* strchr finds the end, too */
            return true;
        }
    }
    return false;
}

enum err body_document_read(struct exchange *exchange, json_t **json,
                            struct document_problem *problem)
{
    struct slice body = http_body(exchange->http);
    return is_yaml(http_header(exchange->http, "Content-Type"))
               ? document_parse_yaml(body, json, problem)
               : document_parse(body, json, problem);
}
