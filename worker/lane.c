/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/lane.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

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
    if (strcmp(lane->tally.provider, lane->def.name) != 0) {
        lane->tally = (struct lane_tally){0};
        (void)snprintf(lane->tally.provider, sizeof(lane->tally.provider), "%s", lane->def.name);
    }
}

/* A sentence may have been cut within a character; on the wire it has to be UTF-8. */
void lane_fail(struct lane *lane, enum reason reason, const char *why)
{
    size_t len = strlen(why);
    len = len > WIRE_LINE_MAX ? WIRE_LINE_MAX : len;
    char *text = arena_str(&lane->texts, slice_of(why, len));
    size_t bad_at = 0;
    while (!text_is_utf8(slice_of(text, len), &bad_at)) {
        text[bad_at] = '?';
    }
    lane->is_open = false;
    lane->reason = (uint16_t)reason;
    lane->why = text;
}

void lane_undefine(struct lane *lane)
{
    arena_release(&lane->texts);
    lane->why = NULL;
    lane->def = (struct wire_provider){0};
    lane->is_known = false;
    lane->is_open = false;
}
