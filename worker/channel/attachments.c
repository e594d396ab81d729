/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/attachments.h"

#include <stddef.h>
#include <string.h>
#include <uthash.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

struct attachment {
    char *name;
    struct buf part;
    UT_hash_handle hh;
};

struct attachments {
    char *folder;
    attachment_encode_fn encode;
    struct attachment *by_name;
};

struct attachments *attachments_new(const char *folder, attachment_encode_fn encode)
{
    struct attachments *attachments = mem_zalloc(1, sizeof(*attachments));
    attachments->folder = mem_copy_str(folder);
    attachments->encode = encode;
    return attachments;
}

void attachments_free(struct attachments *attachments)
{
    struct attachment *attachment = NULL;
    struct attachment *next = NULL;
    if (attachments == NULL) {
        return;
    }
    HASH_ITER(hh, attachments->by_name, attachment, next)
    {
        HASH_DEL(attachments->by_name, attachment);
        buf_release(&attachment->part);
        mem_free(attachment->name);
        mem_free(attachment);
    }
    mem_free(attachments->folder);
    mem_free(attachments);
}

static enum err load(struct attachments *attachments, const char *name, struct slice *part)
{
    struct buf path = {0};
    struct buf bytes = {0};
    struct problem problem = {0};
    buf_printf(&path, "%s/%s", attachments->folder, name);
    enum err err = file_read(&bytes, buf_cstr(&path), ATTACHMENT_MAX_BYTES, &problem);
    if (err == ERR_OK) {
        struct attachment *attachment = mem_zalloc(1, sizeof(*attachment));
        attachment->name = mem_copy_str(name);
        attachments->encode(&attachment->part, name, buf_view(&bytes));
        HASH_ADD_KEYPTR(hh, attachments->by_name, attachment->name, strlen(name), attachment);
        *part = buf_view(&attachment->part);
    } else {
        LOG_W("channel", "attachment_failed", "problem=\"%s\"", problem.text);
    }
    buf_release(&path);
    buf_release(&bytes);
    return err;
}

enum err attachments_part(struct attachments *attachments, const char *name, struct slice *part)
{
    struct attachment *known = NULL;
    if (!text_is_file_name(slice_str(name))) {
        return ERR_INVALID;
    }
    if (attachments->folder == NULL) {
        return ERR_NOT_FOUND;
    }
    HASH_FIND(hh, attachments->by_name, name, strlen(name), known);
    if (known == NULL) {
        return load(attachments, name, part);
    }
    *part = buf_view(&known->part);
    return ERR_OK;
}
