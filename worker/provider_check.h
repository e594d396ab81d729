/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_check: would this machine's worker open these providers? For `tocsin doctor`, so that
 * each adapter's settings have one reader. Nothing is sent.
 */
#ifndef TOCSIN_WORKER_PROVIDER_CHECK_H
#define TOCSIN_WORKER_PROVIDER_CHECK_H

#include <jansson.h>

#include "common/err.h"

/* input: {"providers": [{"name", "channel", "adapter", "settings": {...}}]}. *report is one object
 * for each: {"name", "result": "ok", "missing" (a secret or a file is not here) or "wrong",
 * "problem"}; new. ERR_INVALID: the input is not of that form. */
enum err provider_check(const json_t *input, json_t **report, struct problem *problem) WARN_UNUSED;

#endif
