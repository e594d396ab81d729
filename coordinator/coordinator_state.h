/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coordinator_state: what the coordinator's own files share, and nobody else sees: all that it
 * owns, and the parts of its opening that stand in files of their own.
 */
#ifndef TOCSIN_COORDINATOR_COORDINATOR_STATE_H
#define TOCSIN_COORDINATOR_COORDINATOR_STATE_H

#include <uv.h>

#include "common/bus.h"
#include "common/wall_clock.h"
#include "coordinator/api/api.h"
#include "coordinator/audience/audience_registry.h"
#include "coordinator/bearer/bearers.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/content/delivery_keys.h"
#include "coordinator/content/hard_failures.h"
#include "coordinator/content/provider_numbers.h"
#include "coordinator/content/reply_store.h"
#include "coordinator/content/suppression_list.h"
#include "coordinator/content/token_registry.h"
#include "coordinator/coordinator.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/recovery.h"
#include "coordinator/ledger/turn.h"
#include "coordinator/link/link.h"
#include "coordinator/report/head_signer.h"
#include "coordinator/report/provider_controls.h"
#include "coordinator/report/provider_log.h"
#include "coordinator/report/provider_lost.h"
#include "coordinator/report/screening.h"
#include "coordinator/report/zone_clock.h"

#define COORDINATOR_PARTITION 0 /* one machine has one */

struct coordinator {
    const struct coordinator_settings *settings;
    uv_loop_t loop;
    uv_prepare_t before_sleep;
    uv_timer_t wake_up;
    uv_signal_t on_term;
    uv_signal_t on_int;
    uv_signal_t on_hup;
    bool is_stopping;
    uint64_t stop_by_ms; /* by the monotonic clock */
    struct wall_clock clock;
    uint64_t followed_ms; /* by the monotonic clock */
    struct ledger *ledger;
    struct ledger_head head; /* where the journal ended when we started */
    struct engine *engine;
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct zone_clock *zone_clock;
    struct screening *screening;
    struct suppression_list *suppressions;
    struct reply_store *replies;
    struct plan_registry *plans;
    struct token_registry *tokens;
    struct hard_failures *failures;
    struct turn *turn;
    struct changelog *changelog;
    struct link *link;
    struct bearers *bearers;
    struct bus *bus;
    struct api *api;
    struct provider_numbers numbers; /* a provider keeps its number over changes of the settings */
    bool has_new_numbers;
    struct provider_controls provider_controls;
    struct provider_lost provider_lost;
    struct provider_log provider_log;
    struct delivery_keys delivery_keys;
    struct head_signer *head_signer;
    struct provider_def provider_defs[WIRE_PROVIDERS_MAX];
    struct wire_provider providers[WIRE_PROVIDERS_MAX];
    struct buf bus_secret;
    struct recovery recovery;
};

/* By the clock whose times the journal has. */
uint64_t coordinator_now_ms(const struct coordinator *coordinator);

/* coordinator_recovery.c: the ledger alone; without `create` to be read only, and only if it is
 * there. */
enum err coordinator_open_ledger(const struct coordinator_settings *settings, bool create,
                                 struct ledger **out, struct problem *problem) WARN_UNUSED;
/* coordinator_recovery.c: opens the ledger and makes from it whatever is made from it: the clock,
 * the registries, the engine as it was. */
enum err coordinator_recover(struct coordinator *coordinator, struct problem *problem) WARN_UNUSED;

/* coordinator_link.c: the link, with the port through which it sees the rest, and its bus. */
enum err coordinator_open_link(struct coordinator *coordinator,
                               struct problem *problem) WARN_UNUSED;

#endif
