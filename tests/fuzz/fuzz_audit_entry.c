/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the audit log as the catalogue has it: what can be read is the same when it is
 * written again, but for texts that no writer of ours would have let in. */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/content/audit_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_plain(const struct audit_entry *entry)
{
    const struct slice texts[] = {entry->kind,    entry->role,   entry->name,
                                  entry->address, entry->method, entry->route,
                                  entry->object,  entry->action, entry->summary};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].len > 200 || !text_is_utf8(texts[i], NULL)) {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_entry entry;
    struct audit_entry again;
    if (audit_entry_decode(slice_of(data, size), &entry) != ERR_OK || !is_plain(&entry)) {
        return 0;
    }
    struct buf value = {0};
    audit_entry_encode(&entry, &value);
    assert(audit_entry_decode(buf_view(&value), &again) == ERR_OK);
    assert(again.at_ms == entry.at_ms && again.token == entry.token &&
           again.status == entry.status);
    assert(slice_equal(again.object, entry.object) && slice_equal(again.summary, entry.summary));
    assert(slice_equal(again.name, entry.name) && slice_equal(again.action, entry.action));
    buf_release(&value);
    return 0;
}
