/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen: what the output is (a terminal or not, its width, colours, characters), and a few lines
 * on it that are drawn over again.
 */
#ifndef TOCSIN_CLI_SCREEN_H
#define TOCSIN_CLI_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/progress.h"
#include "common/buf.h"

struct screen {
    FILE *file;
    bool is_live; /* a terminal that can be drawn over; else nothing is ever drawn */
    bool has_colour;
    bool has_unicode;
    unsigned lines; /* drawn now */
};

/* has_unicode: the charset of the user's locale, asked before LC_CTYPE was changed. Heeds NO_COLOR
 * (no-color.org) and TERM. */
void screen_init(struct screen *screen, FILE *file, bool has_unicode);
/* With the width of this moment; 80 when nobody knows. */
struct progress_style screen_style(const struct screen *screen);
/* Puts text (whole lines, none wider than the screen) in the place of what was drawn before. */
void screen_draw(struct screen *screen, const struct buf *text);
/* Takes away what was drawn. */
void screen_clear(struct screen *screen);
/* Leaves what was drawn where it is; the next draw begins below. */
void screen_keep(struct screen *screen);

#endif
