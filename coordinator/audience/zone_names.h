/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_names: is there a time zone of this name? Asked for every row of a file, answered by the
 * time zone database, and remembered: a file has few zones. A value; zeroed memory is an empty one.
 */
#ifndef TOCSIN_AUDIENCE_ZONE_NAMES_H
#define TOCSIN_AUDIENCE_ZONE_NAMES_H

#include <stdbool.h>

#include "common/slice.h"

#define ZONE_NAMES_KEPT 1024

struct zone_name;

struct zone_names {
    struct zone_name *kept;
    const struct zone_name *last;
};

void zone_names_release(struct zone_names *names);
bool zone_names_has(struct zone_names *names, struct slice name);

#endif
