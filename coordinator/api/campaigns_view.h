/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaigns_view: a campaign as clients see it.
 */
#ifndef TOCSIN_API_CAMPAIGNS_VIEW_H
#define TOCSIN_API_CAMPAIGNS_VIEW_H

#include <jansson.h>

#include "coordinator/api/api_state.h"

json_t *campaigns_view(const struct api *api, const struct campaign_view *view);
/* As lists show it: without its content. */
json_t *campaigns_view_listed(const struct api *api, const struct campaign_view *view);
/* What of it changes as it goes on, in the same form. */
json_t *campaigns_figures(const struct api *api, const struct campaign_view *view);

#endif
