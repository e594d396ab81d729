/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndjson_line: the members of one line. For ndjson.c.
 */
#ifndef TOCSIN_AUDIENCE_NDJSON_LINE_H
#define TOCSIN_AUDIENCE_NDJSON_LINE_H

#include "coordinator/audience/ndjson.h"

/* line[len] is the line feed; WINDOW_SLACK bytes behind it may be read. The line is changed, and
 * the row points into it. Fills all of *row but its number. False if the line is empty: then it is
 * no row. */
bool ndjson_line_parse(uint8_t *line, size_t len, struct ndjson_row *row);

#endif
