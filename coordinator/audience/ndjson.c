/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/ndjson.h"

#include "coordinator/audience/ndjson_line.h"

static const char *const flaw_sentences[] = {
#define NDJSON_FLAW_SENTENCE(name, sentence) [NDJSON_FLAW_##name] = (sentence),
    NDJSON_FLAW_MAP(NDJSON_FLAW_SENTENCE)
#undef NDJSON_FLAW_SENTENCE
};

const char *ndjson_flaw_sentence(enum ndjson_flaw flaw)
{
    return flaw_sentences[flaw];
}

/* There is no line feed in the window. */
static enum ndjson_status incomplete(struct ndjson *ndjson, struct ndjson_row *row)
{
    size_t pending = window_pending(&ndjson->window);
    if (pending < NDJSON_ROW_MAX) {
        ndjson->searched = pending;
        return ndjson->has_ended ? NDJSON_DONE : NDJSON_MORE;
    }
    row->line = ndjson->line;
    row->flaw = NDJSON_FLAW_TOO_LONG;
    row->flaw_at = 1;
    ndjson->is_skipping = true;
    return NDJSON_BROKEN;
}

static bool skip(struct ndjson *ndjson)
{
    struct window *window = &ndjson->window;
    size_t feed = window_find(window, '\n', window->start, window->end);
    bool is_over = feed < window->end;
    window->start = is_over ? feed + 1 : feed;
    ndjson->line += is_over;
    ndjson->is_skipping = !is_over;
    ndjson->searched = 0;
    return is_over;
}

/* Waits for the first bytes, to pass over the mark in front. */
static bool begin(struct ndjson *ndjson)
{
    struct window *window = &ndjson->window;
    bool is_enough = window_pending(window) >= 3;
    if (is_enough && memcmp(window->data + window->start, "\xef\xbb\xbf", 3) == 0) {
        window->start += 3;
    }
    ndjson->has_begun = is_enough || ndjson->has_ended;
    return ndjson->has_begun;
}

void ndjson_init(struct ndjson *ndjson)
{
    *ndjson = (struct ndjson){.line = 1};
}

void ndjson_release(struct ndjson *ndjson)
{
    window_release(&ndjson->window);
}

void ndjson_push(struct ndjson *ndjson, struct slice bytes)
{
    window_push(&ndjson->window, bytes);
}

void ndjson_end(struct ndjson *ndjson)
{
    struct window *window = &ndjson->window;
    ndjson->has_ended = true;
    if (window_pending(window) > 0 && window->data[window->end - 1] != '\n') {
        ndjson_push(ndjson, slice_str("\n"));
    }
}

enum ndjson_status ndjson_next(struct ndjson *ndjson, struct ndjson_row *row)
{
    struct window *window = &ndjson->window;
    for (;;) {
        if (ndjson->is_skipping && !skip(ndjson)) {
            return ndjson->has_ended ? NDJSON_DONE : NDJSON_MORE;
        }
        if (!ndjson->has_begun && !begin(ndjson)) {
            return NDJSON_MORE;
        }
        size_t feed = window_find(window, '\n', window->start + ndjson->searched, window->end);
        if (feed == window->end || feed + 1 - window->start > NDJSON_ROW_MAX) {
            return incomplete(ndjson, row);
        }
        ndjson->searched = 0;
        row->line = ndjson->line;
        bool is_row = ndjson_line_parse(window->data + window->start, feed - window->start, row);
        window->start = feed + 1;
        ndjson->line++;
        if (is_row) {
            return row->flaw == NDJSON_FLAW_NONE ? NDJSON_ROW : NDJSON_BROKEN;
        }
    }
}
