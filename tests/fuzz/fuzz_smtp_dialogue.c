/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that says anything. The first byte chooses what it offered and how big the pieces are in
 * which the rest arrives. In pieces or at once the same must become of the mails, and none may
 * count as accepted whose data was not asked for.
 */
#include <assert.h>
#include <string.h>

#include "worker/channel/smtp_dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAILS_MAX 16

struct course {
    unsigned mails; /* begun */
    struct smtp_verdict verdicts[MAILS_MAX];
};

static void begin(struct smtp_dialogue *dialogue, struct course *course)
{
    course->mails++;
    buf_clear(&dialogue->message);
    buf_str(&dialogue->message, "Subject: x\r\n\r\n.\r\n");
    const struct smtp_envelope envelope = {slice_str("from@x.y"), slice_str("to@x.y"), false};
    enum smtp_event event = smtp_dialogue_mail(dialogue, &envelope);
    assert(event == SMTP_EVENT_NONE);
}

/* What was sent since the last time ends with the data of a mail? */
static bool send_all(struct smtp_dialogue *dialogue)
{
    static const char data[] = "Subject: x\r\n\r\n..\r\n.\r\n";
    struct slice unsent = smtp_dialogue_unsent(dialogue);
    bool has_data =
        unsent.len >= sizeof(data) - 1 &&
        memcmp(unsent.data + unsent.len - (sizeof(data) - 1), data, sizeof(data) - 1) == 0;
    smtp_dialogue_sent(dialogue, unsent.len);
    assert(smtp_dialogue_unsent(dialogue).len == 0);
    return has_data;
}

static void run(struct slice said, const struct smtp_features *features, size_t piece,
                struct course *course)
{
    struct smtp_dialogue dialogue;
    smtp_dialogue_init(&dialogue);
    smtp_dialogue_reset(&dialogue, features);
    begin(&dialogue, course);
    bool has_data = false;
    enum smtp_event event = SMTP_EVENT_NONE;
    for (size_t at = 0; at < said.len && event != SMTP_EVENT_BROKEN;) {
        size_t len = said.len - at < piece ? said.len - at : piece;
        event = smtp_dialogue_receive(&dialogue, slice_of(said.data + at, len));
        at += len;
        while (event == SMTP_EVENT_DONE && course->mails < MAILS_MAX) {
            assert(dialogue.verdict.outcome != OUTCOME_ACCEPTED || has_data || piece > 1);
            course->verdicts[course->mails - 1] = dialogue.verdict;
            begin(&dialogue, course);
            has_data = send_all(&dialogue);
            event = smtp_dialogue_receive(&dialogue, slice_of(NULL, 0));
        }
        if (event == SMTP_EVENT_DONE) {
            break;
        }
        has_data = send_all(&dialogue) || has_data;
    }
    if (event != SMTP_EVENT_DONE) {
        smtp_dialogue_lost(&dialogue, false);
    }
    course->verdicts[course->mails - 1] = dialogue.verdict;
    smtp_dialogue_release(&dialogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct smtp_features features = {.pipelining = (data[0] & 1) != 0, .size = (data[0] & 2) != 0};
    struct slice said = slice_of(data + 1, size - 1);
    struct course whole = {0};
    struct course pieces = {0};
    run(said, &features, said.len + 1, &whole);
    run(said, &features, 1 + (data[0] >> 2), &pieces);
    assert(whole.mails == pieces.mails);
    for (unsigned i = 0; i < whole.mails; i++) {
        assert(whole.verdicts[i].outcome == pieces.verdicts[i].outcome);
        assert(strcmp(whole.verdicts[i].ref, pieces.verdicts[i].ref) == 0);
    }
    return 0;
}
