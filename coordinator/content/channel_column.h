/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_column: the columns of an audience in which a channel's endpoints stand.
 */
#ifndef TOCSIN_CONTENT_CHANNEL_COLUMN_H
#define TOCSIN_CONTENT_CHANNEL_COLUMN_H

#include "proto/channel_kind.h"
#include "proto/page.h"

#define CHANNEL_COLUMNS_MAX 16 /* recipient_state.endpoint has four bits */

const char *channel_column_name(enum channel_kind channel); /* "phone" */
/* How many endpoints of the channel a recipient of the audience can have: 0..CHANNEL_COLUMNS_MAX.
 */
unsigned channel_column_count(enum channel_kind channel, const struct page_schema *schema);

#endif
