/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "common/mem.h"
#include "coordinator/audience/body_decoder.h"
#include "tests/unit/packer.h"
#include "tests/unit/unit.h"

/* Decodes in pieces of `step` bytes into *out; the first error, with its text. */
static enum err decode(enum audience_encoding encoding, struct slice body, size_t step,
                       struct buf *out, struct problem *problem)
{
    struct body_decoder *decoder = body_decoder_new(encoding);
    enum err err = ERR_OK;
    for (size_t at = 0; err == ERR_OK && at < body.len; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;
        uint8_t *piece = mem_copy(body.data + at, len);
        body_decoder_push(decoder, slice_of(piece, len));
        struct slice text;
        do {
            err = body_decoder_next(decoder, &text, problem);
            buf_slice(out, text);
        } while (err == ERR_OK && text.len > 0);
        mem_free(piece);
    }
    if (err == ERR_OK) {
        err = body_decoder_end(decoder, problem);
    } else {
        struct slice text;
        assert_int_equal(body_decoder_next(decoder, &text, problem), ERR_INVALID);
    }
    body_decoder_free(decoder);
    return err;
}

static void assert_decodes(enum audience_encoding encoding, struct slice body, struct slice text)
{
    struct buf out = {0};
    struct problem problem = {0};
    const size_t steps[] = {1, 2, 3, 7, 100, 4096, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i] < 7 && body.len > 100000) {
            continue;
        }
        assert_int_equal(decode(encoding, body, steps[i], &out, &problem), ERR_OK);
        assert_true(slice_equal(buf_view(&out), text));
        buf_clear(&out);
    }
    buf_release(&out);
}

static void assert_damaged(enum audience_encoding encoding, struct slice body)
{
    struct buf out = {0};
    const size_t steps[] = {1, 5, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct problem problem = {0};
        assert_int_equal(decode(encoding, body, steps[i], &out, &problem), ERR_INVALID);
        assert_int_not_equal(problem.text[0], '\0');
        buf_clear(&out);
    }
    buf_release(&out);
}

/* Text that is neither short nor the same all over. */
static void make_text(struct buf *text, size_t len)
{
    uint32_t dice = 1;
    while (text->len < len) {
        dice = dice * 1664525 + 1013904223;
        buf_printf(text, "%u,anna%u@example.org\n", (unsigned)text->len, dice >> 12);
    }
    text->len = len;
}

static void plain_bytes_pass(void **state)
{
    (void)state;
    assert_decodes(AUDIENCE_IDENTITY, slice_str(""), slice_str(""));
    assert_decodes(AUDIENCE_IDENTITY, slice_str("id\n1\n"), slice_str("id\n1\n"));
}

static void packed_bytes_come_out_whole(void **state)
{
    (void)state;
    /* Around the size of the output buffer, where the end of stream and of buffer meet. */
    const size_t sizes[] = {0, 1, 1000, 262143, 262144, 262145, 524288, 3000000};
    struct buf text = {0};
    struct buf body = {0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        make_text(&text, sizes[i]);
        pack_gzip(buf_view(&text), &body);
        assert_decodes(AUDIENCE_GZIP, buf_view(&body), buf_view(&text));
        buf_clear(&body);
        pack_zstd(buf_view(&text), &body);
        assert_decodes(AUDIENCE_ZSTD, buf_view(&body), buf_view(&text));
        buf_clear(&body);
        buf_clear(&text);
    }
    buf_release(&text);
    buf_release(&body);
}

static void members_and_frames_may_follow_one_another(void **state)
{
    (void)state;
    struct buf body = {0};
    pack_gzip(slice_str("id\n"), &body);
    pack_gzip(slice_str(""), &body);
    pack_gzip(slice_str("1\n"), &body);
    assert_decodes(AUDIENCE_GZIP, buf_view(&body), slice_str("id\n1\n"));
    buf_clear(&body);
    pack_zstd(slice_str("id\n"), &body);
    pack_zstd(slice_str(""), &body);
    pack_zstd(slice_str("1\n"), &body);
    assert_decodes(AUDIENCE_ZSTD, buf_view(&body), slice_str("id\n1\n"));
    buf_release(&body);
}

static void what_ends_too_early_is_damaged_at_every_byte(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf body = {0};
    make_text(&text, 400);
    pack_gzip(buf_view(&text), &body);
    for (size_t len = 0; len < body.len; len++) {
        assert_damaged(AUDIENCE_GZIP, slice_of(body.data, len));
    }
    buf_clear(&body);
    pack_zstd(buf_view(&text), &body);
    for (size_t len = 0; len < body.len; len++) {
        assert_damaged(AUDIENCE_ZSTD, slice_of(body.data, len));
    }
    buf_release(&text);
    buf_release(&body);
}

static void what_follows_the_end_is_damage(void **state)
{
    (void)state;
    static const char *const garbage[] = {"x",      "\x1f", "\x1f\x8b", "\x28", "\x28\xb5\x2f\xfd",
                                          "id\n1\n"};
    struct buf body = {0};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        pack_gzip(slice_str("id\n1\n"), &body);
        buf_str(&body, garbage[i]);
        assert_damaged(AUDIENCE_GZIP, buf_view(&body));
        buf_clear(&body);
        pack_zstd(slice_str("id\n1\n"), &body);
        buf_str(&body, garbage[i]);
        assert_damaged(AUDIENCE_ZSTD, buf_view(&body));
        buf_clear(&body);
    }
    pack_gzip(slice_str("id\n1\n"), &body);
    buf_u8(&body, 0);
    assert_damaged(AUDIENCE_GZIP, buf_view(&body));
    buf_release(&body);
}

static void a_flipped_byte_is_damage(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf body = {0};
    struct buf out = {0};
    struct problem problem;
    make_text(&text, 400);
    pack_gzip(buf_view(&text), &body);
    for (size_t i = 10; i < body.len; i++) { /* the header has bytes that mean nothing */
        body.data[i] ^= 0x55;
        assert_int_equal(decode(AUDIENCE_GZIP, buf_view(&body), 64, &out, &problem), ERR_INVALID);
        body.data[i] ^= 0x55;
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&body);
    buf_release(&out);
}

static void what_is_not_packed_is_damage(void **state)
{
    (void)state;
    assert_damaged(AUDIENCE_GZIP, slice_str("id\n1\n"));
    assert_damaged(AUDIENCE_ZSTD, slice_str("id\n1\n"));
    /* A format from before RFC 8878. */
    assert_damaged(AUDIENCE_ZSTD, slice_str("\x26\xb5\x2f\xfd\x04\xcd\x32\x78"));
    struct buf body = {0};
    pack_zstd(slice_str("id\n"), &body);
    assert_damaged(AUDIENCE_GZIP, buf_view(&body));
    buf_release(&body);
}

static void a_bomb_comes_out_in_small_pieces(void **state)
{
    (void)state;
    const uint64_t zeros = UINT64_C(300) << 20;
    struct buf body = {0};
    pack_gzip_zeros(zeros, &body);
    assert_true(body.len < 400000);
    struct body_decoder *decoder = body_decoder_new(AUDIENCE_GZIP);
    struct problem problem;
    struct slice text;
    uint64_t sum = 0;
    body_decoder_push(decoder, buf_view(&body));
    do {
        assert_int_equal(body_decoder_next(decoder, &text, &problem), ERR_OK);
        assert_true(text.len <= 262144);
        sum += text.len;
    } while (text.len > 0);
    assert_int_equal(sum, zeros);
    assert_int_equal(body_decoder_end(decoder, &problem), ERR_OK);
    body_decoder_free(decoder);
    buf_release(&body);
}

static void a_zstd_window_above_the_limit_is_refused(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf body = {0};
    struct buf out = {0};
    struct problem problem;
    make_text(&text, 1000);
    for (int log = 23; log <= 24; log++) {
        ZSTD_CCtx *zstd = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, log);
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
        size_t room = ZSTD_compressBound(text.len);
        ZSTD_inBuffer input = {text.data, text.len, 0};
        ZSTD_outBuffer output = {buf_reserve(&body, room), room, 0};
        /* In two steps, lest the window be cut down to the size of the text. */
        ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_continue);
        assert_int_equal(ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_end), 0);
        body.len = output.pos;
        ZSTD_freeCCtx(zstd);
        assert_int_equal(decode(AUDIENCE_ZSTD, buf_view(&body), 100, &out, &problem),
                         log == 23 ? ERR_OK : ERR_INVALID);
        buf_clear(&body);
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&body);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_pass),
        cmocka_unit_test(packed_bytes_come_out_whole),
        cmocka_unit_test(members_and_frames_may_follow_one_another),
        cmocka_unit_test(what_ends_too_early_is_damaged_at_every_byte),
        cmocka_unit_test(what_follows_the_end_is_damage),
        cmocka_unit_test(a_flipped_byte_is_damage),
        cmocka_unit_test(what_is_not_packed_is_damage),
        cmocka_unit_test(a_bomb_comes_out_in_small_pieces),
        cmocka_unit_test(a_zstd_window_above_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
