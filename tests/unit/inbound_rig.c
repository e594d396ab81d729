/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inbound_rig.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

int desk_setup(void **state)
{
    struct desk *desk = test_calloc(1, sizeof(*desk));
    arena_init(&desk->arena, 4096);
    assert_int_equal(setenv("TOCSIN_TEST_SECRET", DESK_SECRET, 1), 0);
    *state = desk;
    return 0;
}

int desk_teardown(void **state)
{
    struct desk *desk = *state;
    inbound_close(desk->inbound);
    arena_release(&desk->arena);
    test_free(desk);
    return 0;
}

enum err desk_open(struct desk *desk, const char *adapter, const char *settings)
{
    inbound_close(desk->inbound);
    desk->problem = (struct problem){0};
    return inbound_open(&desk->inbound, adapter, settings, &desk->problem);
}

static const char *find_header(void *arg, const char *name)
{
    const struct desk *desk = arg;
    for (unsigned i = 0; i < INBOUND_HEADERS && desk->names[i] != NULL; i++) {
        if (strcasecmp(desk->names[i], name) == 0) {
            return desk->values[i];
        }
    }
    return NULL;
}

void desk_request(struct desk *desk, enum inbound_way way, const char *method, const char *path,
                  const char *media_type, const char *body)
{
    const char *query = strchr(path, '?');
    bool has_token = way == INBOUND_WAY_RECEIPT || way == INBOUND_WAY_VOICE;
    memset((void *)desk->names, 0, sizeof(desk->names));
    desk->request = (struct inbound_request){
        .way = way,
        .method = method,
        .url = arena_printf(&desk->arena, INBOUND_URL "%s", path),
        .query = slice_str(query == NULL ? "" : query + 1),
        .token = slice_str(has_token ? INBOUND_TOKEN : ""),
        .media_type = media_type,
        .body = slice_str(body),
        .header = find_header,
        .header_arg = desk,
        .now_ms = INBOUND_NOW,
        .arena = &desk->arena,
    };
}

void desk_header(struct desk *desk, const char *name, const char *value)
{
    for (unsigned i = 0; i < INBOUND_HEADERS; i++) {
        if (desk->names[i] == NULL || strcasecmp(desk->names[i], name) == 0) {
            desk->names[i] = name;
            desk->values[i] = value;
            return;
        }
    }
    fail_msg("more than %d headers", INBOUND_HEADERS);
}

const char *desk_base64(struct desk *desk, struct slice bytes)
{
    char *text = arena_alloc(&desk->arena, 4 * (bytes.len / 3 + 1) + 1);
    (void)EVP_EncodeBlock((unsigned char *)text, bytes.data, (int)bytes.len);
    return text;
}

static struct slice hmac(struct desk *desk, enum signature_hash hash, const char *const *parts)
{
    struct slice slices[16];
    uint8_t *mac = arena_alloc(&desk->arena, SIGNATURE_HASH_MAX);
    unsigned count = 0;
    for (; parts[count] != NULL; count++) {
        slices[count] = slice_str(parts[count]);
    }
    return slice_of(mac, signature_hmac(hash, slice_str(DESK_SECRET), slices, count, mac));
}

const char *desk_hmac_hex(struct desk *desk, const char *const *parts)
{
    struct buf hex = {0};
    text_hex(&hex, hmac(desk, SIGNATURE_SHA256, parts));
    const char *text = arena_str(&desk->arena, buf_view(&hex));
    buf_release(&hex);
    return text;
}

const char *desk_hmac_base64(struct desk *desk, enum signature_hash hash, const char *const *parts)
{
    return desk_base64(desk, hmac(desk, hash, parts));
}

enum inbound_verdict desk_take(struct desk *desk)
{
    inbound_take(desk->inbound, &desk->request, &desk->result);
    return desk->result.verdict;
}

void desk_expect_receipt(struct desk *desk, enum receipt_kind kind, unsigned reason)
{
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 1);
    assert_int_equal(desk->result.events[0].kind, INBOUND_RECEIPT);
    assert_int_equal(desk->result.events[0].receipt.kind, kind);
    assert_int_equal(desk->result.events[0].receipt.reason, reason);
    assert_slice_is(desk->result.events[0].receipt.token, INBOUND_TOKEN);
}

void desk_expect_end(struct desk *desk, enum inbound_verdict verdict, const char *words)
{
    assert_int_equal(desk_take(desk), verdict);
    assert_int_equal(desk->result.count, 0);
    assert_non_null(strstr(desk->result.why, words));
    assert_null(strstr(desk->result.why, DESK_SECRET));
}
