/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_scalar: what a scalar of YAML is in JSON: plain null, ~, nothing, true, false and JSON's own
 * numbers are what they look like, all others are strings. (So `no`, `0x10` and `1_000` are.)
 */
#ifndef TOCSIN_COMMON_YAML_SCALAR_H
#define TOCSIN_COMMON_YAML_SCALAR_H

#include <stdbool.h>

#include "common/slice.h"

enum yaml_scalar {
    YAML_SCALAR_STRING,
    YAML_SCALAR_NULL,
    YAML_SCALAR_WORD,      /* true, false, or a number, just as JSON writes it */
    YAML_SCALAR_TOO_LARGE, /* a number that whoever reads the JSON could not hold */
    YAML_SCALAR_ZERO_BYTE, /* no text of ours has one */
};

/* The value as libyaml gives it: a zero follows it. is_plain: without quotes, tag and bars. */
enum yaml_scalar yaml_scalar_kind(struct slice value, bool is_plain);
/* Why it cannot be used; for the last two. */
const char *yaml_scalar_complaint(enum yaml_scalar kind);

#endif
