/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_document: a body that people may write in YAML as well as in JSON, as its Content-Type says:
 * application/yaml (RFC 9512), application/x-yaml and text/yaml; everything else is JSON.
 */
#ifndef TOCSIN_API_BODY_DOCUMENT_H
#define TOCSIN_API_BODY_DOCUMENT_H

#include <jansson.h>

#include "coordinator/api/exchange.h"

/* An object, which is the caller's. As document_parse. */
enum err body_document_read(struct exchange *exchange, json_t **json,
                            struct document_problem *problem) WARN_UNUSED;

#endif
