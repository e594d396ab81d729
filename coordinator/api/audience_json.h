/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience_json: an audience as clients see it.
 */
#ifndef TOCSIN_API_AUDIENCE_JSON_H
#define TOCSIN_API_AUDIENCE_JSON_H

#include <jansson.h>

#include "coordinator/audience/audience.h"

json_t *audience_json(const struct audience_info *info); /* the caller owns it */

#endif
