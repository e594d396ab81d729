/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressing: brings the suppression list to the campaigns. A new entry is looked up in the
 * audiences of all that run, at once. For a campaign that is launched, and after an import, the
 * audience is matched against the whole list on a thread of the pool; what was found is told to the
 * engine in portions, so that nobody else waits long. Entries that come meanwhile are looked up for
 * such a campaign as for one that runs, so nothing falls between.
 */
#ifndef TOCSIN_API_SUPPRESSING_H
#define TOCSIN_API_SUPPRESSING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/suppression.h"

struct api;
struct suppressing;

/* Tells the engine of one entry. An audience that cannot be read is logged, and returned. */
enum err suppressing_apply(struct api *api, const struct suppression *entry);

/* Called when the engine was told of everybody of the campaign who is on the list; ERR_CLOSED: the
 * program ends. */
typedef void (*suppressing_done_fn)(void *arg, enum err err);
/* `done` comes at once if nobody can be on the list, else later. */
void suppressing_match(struct api *api, uint64_t campaign, suppressing_done_fn done, void *arg);
/* The same for all campaigns that run. */
void suppressing_match_all(struct api *api, suppressing_done_fn done, void *arg);
/* The campaign is being matched. */
bool suppressing_is_under_way(const struct api *api, uint64_t campaign);
/* How many are under way; they end while the loop runs. */
unsigned suppressing_count(const struct api *api);

#endif
