/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_text: HTML as it comes in replies, reduced to its text. No parser of HTML: tags are passed
 * over, blocks begin lines, entities become characters, and nothing of style, script or head stays.
 * What is quoted (`blockquote`) becomes one line `>`; everything behind the names that the large
 * programs give the copy of what is answered is left out. Pure.
 */
#ifndef TOCSIN_MAILIN_HTML_TEXT_H
#define TOCSIN_MAILIN_HTML_TEXT_H

#include "common/buf.h"
#include "common/slice.h"

/* `html` is UTF-8. Appends UTF-8, at most html.len bytes. */
void html_text(struct buf *buf, struct slice html);

#endif
