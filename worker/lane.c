/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/lane.h"

#define LANE_TEXTS_CHUNK 512

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

void lane_release(struct lane *lane)
{
    arena_release(&lane->texts);
    page_view_release(&lane->view);
}

bool lane_is_same(const struct lane *lane, const struct wire_provider *def)
{
    return lane->is_known && lane->def.channel == def->channel &&
           is_same_text(lane->def.name, def->name) &&
           is_same_text(lane->def.adapter, def->adapter) &&
           is_same_text(lane->def.settings, def->settings);
}

void lane_define(struct lane *lane, const struct wire_provider *def)
{
    lane_undefine(lane);
    arena_init(&lane->texts, LANE_TEXTS_CHUNK);
    lane->def = *def;
    lane->def.name = arena_str(&lane->texts, slice_str(def->name));
    lane->def.adapter = arena_str(&lane->texts, slice_str(def->adapter));
    lane->def.settings = arena_str(&lane->texts, slice_str(def->settings));
    lane->is_known = true;
}

void lane_undefine(struct lane *lane)
{
    arena_release(&lane->texts);
    lane->def = (struct wire_provider){0};
    lane->is_known = false;
    lane->is_open = false;
}
