/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses: a stored reply, which is written again to the same bytes; or a keyword
 * and, behind a zero, a text: what is read of the text is read again of its folded form, and the
 * keyword itself is of its class.
 */
#include <assert.h>

#include "common/text.h"
#include "common/text_fold.h"
#include "coordinator/content/reply_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_stored(struct slice value)
{
    struct reply_record reply = {0};
    struct buf again = {0};
    if (reply_record_decode(value, &reply) == ERR_OK) {
        struct reply_record back = {0};
        reply_record_encode(&reply, &again); /* blobs may have been written in a longer form */
        enum err err = reply_record_decode(buf_view(&again), &back);
        assert(err == ERR_OK && slice_equal(reply.text, back.text) && reply.at_ms == back.at_ms);
        assert(slice_equal(reply.id, back.id) && reply.ordinal == back.ordinal);
    }
    buf_release(&again);
}

static void read_text(struct slice word, struct slice text)
{
    struct reply_keywords *keywords = reply_keywords_new();
    struct reply_meaning meaning;
    struct reply_meaning again;
    struct problem problem;
    struct buf folded = {0};
    if (reply_keywords_add(keywords, REPLY_HELP, word, &problem) == ERR_OK) {
        reply_keywords_read(keywords, word, &meaning);
        assert(meaning.class == REPLY_HELP || meaning.class == REPLY_ACK);
    }
    if (text_is_utf8(text, NULL)) {
        reply_keywords_read(keywords, text, &meaning);
        text_fold_words(&folded, text);
        reply_keywords_read(keywords, buf_view(&folded), &again);
        assert(meaning.class == again.class || meaning.class == REPLY_OTHER ||
               again.class == REPLY_ACK);
    }
    buf_release(&folded);
    reply_keywords_free(keywords);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct slice rest = slice_of(data + 1, size - 1);
    if ((data[0] & 1) != 0) {
        read_stored(rest);
        return 0;
    }
    struct slice word = slice_take_until(&rest, 0);
    read_text(word, rest);
    return 0;
}
