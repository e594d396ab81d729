/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_list: channels in a document, such as ["sms","voice"]. Bit c of a set is channel c.
 */
#ifndef TOCSIN_CONTENT_CHANNEL_LIST_H
#define TOCSIN_CONTENT_CHANNEL_LIST_H

#include "coordinator/content/document_reader.h"

/* A list of at least one channel. `advice` is what else could be done than to write one, as the end
 * of a sentence; "" is fine. ERR_INVALID. */
enum err channel_list_read(struct document_reader *reader, json_t *value, const char *advice,
                           unsigned *channels) WARN_UNUSED;
json_t *channel_list_show(unsigned channels);

#endif
