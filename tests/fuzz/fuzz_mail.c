/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail from anybody: whatever it is, the finding is whole. A token has the form of one, a reply
 * has a text that JSON can carry, a receipt has a reason that the coordinator takes.
 */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "mailin/address_list.h"
#include "mailin/mail_finding.h"
#include "mailin/mail_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text)
{
    assert(text.len > 0 && text.len <= 4 * MAIL_REPLY_MAX_CHARS && text_is_utf8(text, NULL));
    for (size_t i = 0; i < text.len; i++) {
        assert(text.data[i] == '\n' || (text.data[i] >= 0x20 && text.data[i] != 0x7f));
    }
}

static void check(const struct mail_finding *finding)
{
    assert(finding->kind < MAIL_KINDS && mail_kind_word(finding->kind) != NULL);
    assert(finding->token[0] == '\0' || mail_is_token(slice_str(finding->token)));
    if (finding->kind == MAIL_REPLY) {
        check_text(finding->text);
        assert(finding->from.len > 0);
    }
    if (finding->kind == MAIL_BOUNCED || finding->kind == MAIL_FAILED) {
        assert(finding->token[0] != '\0');
        assert(finding->reason >= 400 && finding->reason <= 599);
        assert((finding->reason == 550) == (finding->kind == MAIL_BOUNCED));
    }
    char status[MAIL_STATUS_CHARS];
    mail_status_write(status, &finding->status);
    assert(strlen(status) < sizeof(status));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mail_finding_rules rules = {"bounces", "reply"};
    struct mail_finding finding;
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    mail_find(&finding, slice_of(data, size), slice_str(""), &rules, &arena);
    check(&finding);
    mail_find(&finding, slice_of(data, size), slice_str("reply@n.example"), &rules, &arena);
    check(&finding);
    arena_release(&arena);
    return 0;
}
