/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling copies nothing that may stand as it is. The rest is escaped into a buffer that has room
 * for the worst before the first value is written, so that it does not move under the others.
 */
#include "worker/merge.h"

#include "common/mem.h"

static uint32_t merge_slot_of(struct merge *merge, const struct template_piece *piece)
{
    for (uint32_t i = 0; i < merge->slot_count; i++) {
        const struct merge_slot *slot = &merge->slots[i];
        if (slot->number == piece->number && slot->escape == piece->escape) {
            return i;
        }
    }
    merge->slots = mem_resize(merge->slots, (size_t)merge->slot_count + 1, sizeof(*merge->slots));
    merge->slots[merge->slot_count] = (struct merge_slot){piece->number, piece->escape};
    return merge->slot_count++;
}

static void merge_add_part(struct merge *merge, struct merge_part *part,
                           const struct template *template)
{
    if (template == NULL) {
        return;
    }
    size_t count = 0;
    const struct template_piece *pieces = template_pieces(template, &count);
    part->pieces = mem_zalloc(count, sizeof(*part->pieces));
    part->count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_plain = pieces[i].number == TEMPLATE_NO_VARIABLE;
        part->pieces[i].literal = pieces[i].literal;
        part->pieces[i].slot = is_plain ? MERGE_NO_SLOT : merge_slot_of(merge, &pieces[i]);
    }
}

struct merge *merge_new(const struct template *subject, const struct template *text,
                        const struct template *html)
{
    struct merge *merge = mem_zalloc(1, sizeof(*merge));
    merge_add_part(merge, &merge->subject, subject);
    merge_add_part(merge, &merge->text, text);
    merge_add_part(merge, &merge->html, html);
    return merge;
}

void merge_free(struct merge *merge)
{
    if (merge != NULL) {
        mem_free(merge->subject.pieces);
        mem_free(merge->text.pieces);
        mem_free(merge->html.pieces);
        mem_free(merge->slots);
        mem_free(merge);
    }
}

int merge_fill(const struct merge *merge, struct buf *buf, template_value_fn value, void *arg,
               struct slice *values)
{
    size_t bytes_most = 0;
    buf_clear(buf);
    for (uint32_t i = 0; i < merge->slot_count; i++) {
        const struct merge_slot *slot = &merge->slots[i];
        if (!value(arg, slot->number, &values[i])) {
            return slot->number;
        }
        if (slot->escape != TEMPLATE_RAW) {
            bytes_most += template_value_bytes(slot->escape, values[i].len);
        }
    }
    (void)buf_reserve(buf, bytes_most);
    for (uint32_t i = 0; bytes_most > 0 && i < merge->slot_count; i++) {
        if (merge->slots[i].escape != TEMPLATE_RAW) {
            size_t from = buf->len;
            template_append_value(buf, merge->slots[i].escape, values[i]);
            values[i] = slice_of(buf->data + from, buf->len - from);
        }
    }
    return -1;
}
