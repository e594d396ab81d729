/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whatsapp_text: what Meta takes in a parameter of a template: no line break, no tab, and no more
 * than four blanks in a row.
 */
#ifndef TOCSIN_CHANNEL_WHATSAPP_TEXT_H
#define TOCSIN_CHANNEL_WHATSAPP_TEXT_H

#include "common/buf.h"

#define WHATSAPP_BLANKS_MAX 4

/* Of a JSON document without blanks between its tokens: in its texts the escapes of line breaks,
 * tabs and the like become blanks, and rows of blanks are cut to what is allowed. */
void whatsapp_text_flatten(struct buf *body);

#endif
