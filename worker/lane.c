/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/lane.h"

#include "common/mem.h"

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static void lane_free_texts(struct lane *lane)
{
    mem_free((void *)(uintptr_t)lane->def.name);
    mem_free((void *)(uintptr_t)lane->def.adapter);
    mem_free((void *)(uintptr_t)lane->def.settings);
    lane->def = (struct wire_provider){0};
}

void lane_release(struct lane *lane)
{
    lane_free_texts(lane);
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
    lane_free_texts(lane);
    lane->def = *def;
    lane->def.name = mem_copy_str(def->name);
    lane->def.adapter = mem_copy_str(def->adapter);
    lane->def.settings = mem_copy_str(def->settings);
    lane->is_known = true;
}

void lane_undefine(struct lane *lane)
{
    lane_free_texts(lane);
    lane->is_known = false;
    lane->is_open = false;
}
