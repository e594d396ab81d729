/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_json: where a recipient of a campaign stands and what happened to him, as docs/api.md
 * shows it.
 */
#ifndef TOCSIN_API_DELIVERY_JSON_H
#define TOCSIN_API_DELIVERY_JSON_H

#include <jansson.h>

#include "coordinator/api/api_state.h"
#include "coordinator/engine/engine.h"
#include "coordinator/report/timeline.h"

/* Adds state, step, endpoint, attempts and the rest of where he stands. */
void delivery_put_state(json_t *json, const struct plan *plan, const struct recipient_state *state);
/* The same with his key and ordinal. */
json_t *delivery_json(const struct plan *plan, struct slice key, uint32_t ordinal,
                      const struct recipient_state *state);
/* By its number; "" if there is none (DELIVERY_NO_PROVIDER), or its name is not known any more. */
const char *delivery_provider_name(const struct api *api, uint8_t provider);
/* One event of his timeline, or of his campaign. */
json_t *delivery_event_json(const struct api *api, const struct plan *plan,
                            const struct timeline_entry *entry);

#endif
