/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaigns_view: a campaign as lists show it, without its content.
 */
#ifndef TOCSIN_API_CAMPAIGNS_VIEW_H
#define TOCSIN_API_CAMPAIGNS_VIEW_H

#include <jansson.h>

#include "coordinator/api/api_state.h"

json_t *campaigns_view_listed(const struct api *api, const struct campaign_view *view);

#endif
