/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The views are built from pieces; a piece knows its text, its width and its colour, and goes to a
 * new line when it does not fit. Colours are written around a piece and count nothing.
 */
#include <string.h>

#include "cli/human.h"
#include "cli/progress.h"

#define COLUMNS_MIN  20
#define BAR_MAX      100
#define PERCENT_ROOM 9 /* "  61.2 %", right-aligned */

struct part_row {
    const char *glyph; /* one column */
    char ascii;
    const char *colour; /* SGR parameters */
};

static const struct part_row part_rows[PROGRESS_PARTS] = {
    [PROGRESS_REACHED] = {"█", '#', "32"}, [PROGRESS_IN_HAND] = {"▓", '=', "34"},
    [PROGRESS_AGAIN] = {"▒", '~', "33"},   [PROGRESS_DOUBTFUL] = {"?", '?', "35"},
    [PROGRESS_LOST] = {"×", 'x', "31"},    [PROGRESS_TO_DO] = {"░", '.', "90"},
};

static const char *colour_of(enum progress_state state)
{
    return part_rows[progress_state_part(state)].colour;
}

struct line {
    struct buf *buf;
    const struct progress_style *style;
    size_t columns;
    size_t at;
};

static struct line line_of(struct buf *buf, const struct progress_style *style)
{
    size_t columns = style->columns < COLUMNS_MIN ? COLUMNS_MIN : style->columns;
    return (struct line){buf, style, columns, 0};
}

static void line_end(struct line *line)
{
    buf_u8(line->buf, '\n');
    line->at = 0;
}

static void line_blanks(struct line *line, size_t count)
{
    memset(buf_reserve(line->buf, count), ' ', count);
    line->buf->len += count;
    line->at += count;
}

/* colour: SGR parameters, or NULL. Cut when even a line of its own is too short. */
static void line_put(struct line *line, const char *colour, struct slice text)
{
    struct slice part = human_cut(text, line->columns - line->at);
    bool is_coloured = colour != NULL && line->style->has_colour;
    if (is_coloured) {
        buf_printf(line->buf, "\033[%sm", colour);
    }
    buf_slice(line->buf, part);
    if (is_coloured) {
        buf_str(line->buf, "\033[0m");
    }
    line->at += human_columns(part);
}

/* A piece after `gap` columns, or on a new line that begins at `indent`. */
static void line_piece(struct line *line, size_t gap, size_t indent, const char *colour,
                       struct slice text)
{
    if (line->at > indent && line->at + gap + human_columns(text) > line->columns) {
        line_end(line);
        line_blanks(line, indent);
    } else if (line->at > indent) {
        line_blanks(line, gap);
    }
    line_put(line, colour, text);
}

/* A sentence, broken at blanks, to the end of its last line. */
static void line_sentence(struct line *line, size_t indent, const char *colour, struct slice text)
{
    line_blanks(line, indent);
    while (human_columns(text) > line->columns - line->at) {
        size_t len = human_cut(text, line->columns - line->at).len;
        while (len > 0 && text.data[len] != ' ') {
            len--;
        }
        if (len == 0) {
            break;
        }
        line_put(line, colour, slice_of(text.data, len));
        line_end(line);
        line_blanks(line, indent + 2);
        text = slice_of(text.data + len + 1, text.len - len - 1);
    }
    line_put(line, colour, text);
    line_end(line);
}

static const char *state_colour(const char *state)
{
    static const struct {
        const char *state;
        const char *colour;
    } map[] = {{"running", "34"}, {"paused", "33"}, {"finished", "32"}, {"cancelled", "31"}};
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (strcmp(map[i].state, state) == 0) {
            return map[i].colour;
        }
    }
    return NULL;
}

/* "Outage notice  c7  sms  running                     12.4 s" */
static void view_title(struct line *line, const struct progress *progress)
{
    struct buf elapsed = {0};
    if (progress->elapsed_s >= 0) {
        human_duration(&elapsed, progress->elapsed_s);
    }
    size_t others =
        strlen(progress->id) + strlen(progress->plan) + strlen(progress->state) + elapsed.len + 8;
    size_t room = line->columns > others + 8 ? line->columns - others : 8;
    line_put(line, "1", human_cut(slice_str(progress->name), room));
    line_piece(line, 2, 0, NULL, slice_str(progress->id));
    line_piece(line, 2, 0, NULL, slice_str(progress->plan));
    line_piece(line, 2, 0, state_colour(progress->state), slice_str(progress->state));
    if (line->at + 2 + elapsed.len <= line->columns && elapsed.len > 0) {
        line_blanks(line, line->columns - line->at - elapsed.len);
        line_put(line, NULL, buf_view(&elapsed));
    }
    buf_release(&elapsed);
    line_end(line);
}

static uint64_t bar_count(const struct progress *progress, size_t part)
{
    return progress_part(progress, (enum progress_part)part) +
           (part == PROGRESS_DOUBTFUL ? progress->other : 0);
}

/*
 * Columns of each part. One that would get less than a column gets one, so that a single failure
 * shows; the others share the rest by their size, and the largest takes what rounding leaves.
 */
static void bar_shares(size_t shares[PROGRESS_PARTS], const struct progress *progress, size_t width)
{
    uint64_t sum = progress_sum(progress);
    uint64_t rest = sum;
    size_t room = width;
    size_t largest = PROGRESS_TO_DO;
    for (size_t i = 0; i < PROGRESS_PARTS; i++) {
        uint64_t count = bar_count(progress, i);
        shares[i] = count > 0 && (double)count * (double)width < (double)sum ? 1 : 0;
        rest -= shares[i] == 1 ? count : 0;
        room -= shares[i];
        largest = count > bar_count(progress, largest) ? i : largest;
    }
    size_t used = 0;
    for (size_t i = 0; i < PROGRESS_PARTS; i++) {
        if (shares[i] == 0 && rest > 0) {
            shares[i] = (size_t)((double)bar_count(progress, i) / (double)rest * (double)room);
        }
        used += shares[i];
    }
    shares[largest] += width - used;
}

static void view_bar(struct line *line, const struct progress *progress)
{
    size_t width = line->columns - PERCENT_ROOM;
    size_t shares[PROGRESS_PARTS];
    struct buf text = {0};
    width = width > BAR_MAX ? BAR_MAX : width;
    bar_shares(shares, progress, width);
    for (size_t i = 0; i < PROGRESS_PARTS; i++) {
        buf_clear(&text);
        for (size_t j = 0; j < shares[i]; j++) {
            if (line->style->has_unicode) {
                buf_str(&text, part_rows[i].glyph);
            } else {
                buf_u8(&text, (uint8_t)part_rows[i].ascii);
            }
        }
        if (text.len > 0) {
            line_put(line, part_rows[i].colour, buf_view(&text));
        }
    }
    buf_clear(&text);
    human_percent(&text, progress_settled(progress), progress->recipients);
    line_blanks(line, text.len < PERCENT_ROOM ? PERCENT_ROOM - text.len : 1);
    line_put(line, NULL, buf_view(&text));
    line_end(line);
    buf_release(&text);
}

/* "accepted 612,000   leased 20,480   waiting 367,500   of 1,000,000" */
static void view_counts(struct line *line, const struct progress *progress)
{
    struct buf text = {0};
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        if (progress->counts[i] > 0) {
            buf_printf(&text, "%s ", progress_state_name(i));
            human_count(&text, progress->counts[i]);
            line_piece(line, 3, 0, colour_of(i), buf_view(&text));
            buf_clear(&text);
        }
    }
    buf_str(&text, "of ");
    human_count(&text, progress->recipients);
    line_piece(line, 3, 0, NULL, buf_view(&text));
    line_end(line);
    buf_release(&text);
}

static void put_in(struct line *line, const char *what, double s)
{
    struct buf text = {0};
    if (s >= 0) {
        buf_printf(&text, "%s in ", what);
        human_duration(&text, s);
        line_piece(line, 3, 4, NULL, buf_view(&text));
    }
    buf_release(&text);
}

/* "  2 sms   accepted 4,012   acknowledged 310   awaited 4,012   next in 12 s"; nothing of a rung
 * that nobody stands on. "  2 +sms" starts together with step 1. */
static void view_rung(struct line *line, const struct progress_rung *rung)
{
    struct buf text = {0};
    uint64_t people = 0;
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        people += rung->counts[i];
    }
    if (people == 0) {
        return;
    }
    line_blanks(line, 2);
    buf_printf(&text, "%u %s%s", rung->step, rung->is_beside ? "+" : "", rung->channel);
    if (rung->repeat > 0) {
        buf_printf(&text, " again %u", rung->repeat);
    }
    line_put(line, "1", buf_view(&text));
    for (unsigned i = 0; i < PROGRESS_STATES; i++) {
        if (rung->counts[i] > 0) {
            buf_clear(&text);
            buf_printf(&text, "%s ", progress_state_name(i));
            human_count(&text, rung->counts[i]);
            line_piece(line, 3, 4, colour_of(i), buf_view(&text));
        }
    }
    if (rung->open > 0) {
        buf_clear(&text);
        buf_str(&text, "awaited ");
        human_count(&text, rung->open);
        line_piece(line, 3, 4, NULL, buf_view(&text));
    }
    put_in(line, "next", rung->next_s);
    line_end(line);
    buf_release(&text);
}

static void view_ladder(struct line *line, const struct progress *progress)
{
    for (unsigned i = 0; i < progress->rung_count; i++) {
        view_rung(line, &progress->rungs[i]);
    }
}

static void view_rate(struct line *line, const struct progress *progress)
{
    struct buf text = {0};
    human_rate(&text, progress->rate_per_s);
    buf_str(&text, " a second");
    line_piece(line, 3, 0, "1", buf_view(&text));
    buf_clear(&text);
    if (progress->time_left_s >= 0) {
        human_duration(&text, progress->time_left_s);
        buf_str(&text, " left");
        line_piece(line, 3, 0, NULL, buf_view(&text));
        buf_clear(&text);
    }
    if (progress->open > 0) {
        human_plural(&text, progress->open, "acknowledgement", "acknowledgements");
        buf_str(&text, " awaited");
        line_piece(line, 3, 0, NULL, buf_view(&text));
        buf_clear(&text);
    }
    if (progress->rung_count > 0) {
        put_in(line, "the next climbs", progress->next_climb_s);
    }
    if (progress->repeated > 0) {
        buf_str(&text, "repeated ");
        human_count(&text, progress->repeated);
        line_piece(line, 3, 0, part_rows[PROGRESS_DOUBTFUL].colour, buf_view(&text));
    }
    line_end(line);
    buf_release(&text);
}

void progress_view(struct buf *buf, const struct progress *progress,
                   const struct progress_style *style)
{
    struct line line = line_of(buf, style);
    view_title(&line, progress);
    view_bar(&line, progress);
    view_counts(&line, progress);
    view_ladder(&line, progress);
    view_rate(&line, progress);
    for (unsigned i = 0; i < progress->notice_count; i++) {
        line_sentence(&line, 0, "33", slice_str(progress->notices[i]));
    }
}

/* "  accepted 999,984 + failed 16 = 1,000,000 of 1,000,000" */
static void closing_sum(struct line *line, const struct progress *progress)
{
    uint64_t sum = progress_sum(progress);
    struct buf text = {0};
    const char *between = "";
    line_blanks(line, 2);
    for (unsigned i = 0; i <= PROGRESS_STATES; i++) {
        bool is_other = i == PROGRESS_STATES;
        uint64_t count = is_other ? progress->other : progress->counts[i];
        if (count > 0) {
            buf_printf(&text, "%s%s ", between, is_other ? "other" : progress_state_name(i));
            human_count(&text, count);
            line_piece(line, 1, 2, is_other ? NULL : colour_of(i), buf_view(&text));
            buf_clear(&text);
            between = "+ ";
        }
    }
    buf_str(&text, "= ");
    human_count(&text, sum);
    buf_str(&text, " of ");
    human_count(&text, progress->recipients);
    line_piece(line, 1, 2, "1", buf_view(&text));
    line_end(line);
    buf_release(&text);
}

static void closing_title(struct line *line, const struct progress *progress)
{
    struct buf text = {0};
    line_put(line, "1", human_cut(slice_str(progress->name), line->columns / 2));
    buf_printf(&text, "(%s) %s", progress->id, progress->state);
    line_piece(line, 1, 0, NULL, buf_view(&text));
    buf_clear(&text);
    if (progress->elapsed_s > 0) {
        buf_str(&text, "after ");
        human_duration(&text, progress->elapsed_s);
        buf_str(&text, ", ");
        human_rate(&text, (double)progress->recipients / progress->elapsed_s);
        buf_str(&text, " a second");
        line_piece(line, 1, 0, NULL, buf_view(&text));
    }
    line_end(line);
    buf_release(&text);
}

void progress_closing(struct buf *buf, const struct progress *progress,
                      const struct progress_style *style)
{
    struct line line = line_of(buf, style);
    struct buf text = {0};
    closing_title(&line, progress);
    closing_sum(&line, progress);
    if (progress->repeated > 0) {
        human_plural(&text, progress->repeated, "attempt was", "attempts were");
        buf_str(&text, " repeated: nobody knows whether the first arrived");
        line_sentence(&line, 2, NULL, buf_view(&text));
        buf_clear(&text);
    }
    if (progress_sum(progress) != progress->recipients) {
        buf_str(&text, "the counts do not add up; this is a bug of Tocsin, please report it");
        line_sentence(&line, 2, "31", buf_view(&text));
    }
    buf_release(&text);
}
