/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/zone_names.h"

#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "common/mem.h"
#include "common/time_zone.h"

struct zone_name {
    char name[TIME_ZONE_NAME_MAX + 1];
    size_t len;
    bool is_there;
    UT_hash_handle hh;
};

void zone_names_release(struct zone_names *names)
{
    struct zone_name *name = NULL;
    struct zone_name *next = NULL;
    HASH_ITER(hh, names->kept, name, next)
    {
        HASH_DELETE(hh, names->kept, name);
        mem_free(name);
    }
    *names = (struct zone_names){0};
}

/* On a machine without the database nobody can tell, and no row is refused for that. */
static bool is_there(const char *name)
{
    struct time_zone *zone = NULL;
    struct problem problem;
    bool is_known = time_zone_open(name, &zone, &problem) == ERR_OK;
    time_zone_free(zone);
    return is_known || access(TIME_ZONE_DIRECTORY, R_OK) != 0;
}

bool zone_names_has(struct zone_names *names, struct slice name)
{
    struct zone_name *known = NULL;
    if (names->last != NULL && slice_equal(name, slice_of(names->last->name, names->last->len))) {
        return names->last->is_there;
    }
    if (name.len == 0 || name.len > TIME_ZONE_NAME_MAX) {
        return false;
    }
    HASH_FIND(hh, names->kept, name.data, name.len, known);
    if (known == NULL) {
        if (HASH_COUNT(names->kept) >= ZONE_NAMES_KEPT) {
            zone_names_release(names); /* a file of nonsense: it begins anew */
        }
        known = mem_zalloc(1, sizeof(*known));
        memcpy(known->name, name.data, name.len);
        known->len = name.len;
        known->is_there = is_there(known->name);
        HASH_ADD(hh, names->kept, name, known->len, known);
    }
    names->last = known;
    return known->is_there;
}
