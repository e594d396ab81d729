/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists of campaigns, linked through the campaigns themselves: noting one costs nothing that
 * grows, and whoever never asks leaves them as they are. */
#include "coordinator/engine/engine_state.h"

void engine_note_changed(struct engine *engine, struct campaign *campaign)
{
    if (!campaign->is_changed) {
        campaign->is_changed = true;
        campaign->next_changed = engine->changed;
        engine->changed = campaign;
    }
}

void engine_note_stirred(struct engine *engine, struct campaign *campaign)
{
    if (!campaign->is_stirred) {
        campaign->is_stirred = true;
        campaign->next_stirred = engine->stirred;
        engine->stirred = campaign;
    }
}

uint64_t engine_next_changed(struct engine *engine)
{
    struct campaign *campaign = engine->changed;
    if (campaign == NULL) {
        return 0;
    }
    engine->changed = campaign->next_changed;
    campaign->next_changed = NULL;
    campaign->is_changed = false;
    return campaign->def.id;
}

uint64_t engine_next_stirred(struct engine *engine)
{
    struct campaign *campaign = engine->stirred;
    if (campaign == NULL) {
        return 0;
    }
    engine->stirred = campaign->next_stirred;
    campaign->next_stirred = NULL;
    campaign->is_stirred = false;
    return campaign->def.id;
}
