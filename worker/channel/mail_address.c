/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/mail_address.h"

#include <idn2.h>
#include <string.h>

#include "common/text.h"

#define LOCAL_MAX_BYTES   64
#define ADDRESS_MAX_BYTES 254
#define DOMAIN_MAX_BYTES  1024 /* in UTF-8, before it becomes A-labels */

static bool is_atom(uint8_t byte)
{
    return byte > ' ' && byte != 0x7f && strchr("<>\"(),:;\\[]@.", byte) == NULL;
}

/* Bytes of the dot-string at the front; 0 if there is none. */
static size_t dot_string(struct slice text)
{
    size_t at = 0;
    for (;;) {
        size_t from = at;
        while (at < text.len && is_atom(text.data[at])) {
            at++;
        }
        if (at == from) {
            return 0;
        }
        if (at == text.len || text.data[at] != '.') {
            return at;
        }
        at++;
    }
}

/* The same for a quoted-string. */
static size_t quoted_string(struct slice text)
{
    for (size_t at = 1; at < text.len; at++) {
        uint8_t byte = text.data[at];
        if (byte == '"') {
            return at + 1;
        }
        at += byte == '\\';
        if (at == text.len || text.data[at] < ' ' || text.data[at] == 0x7f) {
            return 0;
        }
    }
    return 0;
}

bool mail_address_is_ascii(struct slice address)
{
    for (size_t i = 0; i < address.len; i++) {
        if (address.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool is_literal(struct slice domain)
{
    if (domain.len < 3 || domain.data[domain.len - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i < domain.len - 1; i++) {
        uint8_t byte = domain.data[i];
        if (!is_atom(byte) && byte != '.' && byte != ':') {
            return false;
        }
    }
    return true;
}

static bool write_a_labels(struct buf *buf, struct slice domain)
{
    char name[DOMAIN_MAX_BYTES + 1];
    char *labels = NULL;
    if (domain.len > DOMAIN_MAX_BYTES || !text_is_utf8(domain, NULL) ||
        memchr(domain.data, '\0', domain.len) != NULL) {
        return false;
    }
    memcpy(name, domain.data, domain.len);
    name[domain.len] = '\0';
    if (idn2_to_ascii_8z(name, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
        return false;
    }
    /* Some characters are mapped to nothing: a soft hyphen alone is no domain. */
    bool is_name = *labels != '\0' && dot_string(slice_str(labels)) == strlen(labels);
    if (is_name) {
        buf_str(buf, labels);
    }
    idn2_free(labels);
    return is_name;
}

static bool write_domain(struct buf *buf, struct slice domain)
{
    bool is_ascii = mail_address_is_ascii(domain);
    if (domain.len > 0 && domain.data[0] == '[' ? is_ascii && is_literal(domain)
                                                : is_ascii && dot_string(domain) == domain.len) {
        buf_slice(buf, domain);
        return domain.len > 0;
    }
    return !is_ascii && write_a_labels(buf, domain);
}

bool mail_address_write(struct buf *buf, struct slice address, bool *needs_utf8)
{
    size_t before = buf->len;
    bool is_quoted = address.len > 0 && address.data[0] == '"';
    size_t local = is_quoted ? quoted_string(address) : dot_string(address);
    if (local == 0 || local > LOCAL_MAX_BYTES || local >= address.len ||
        address.data[local] != '@' || !text_is_utf8(slice_of(address.data, local), NULL)) {
        return false;
    }
    *needs_utf8 = !mail_address_is_ascii(slice_of(address.data, local));
    buf_append(buf, address.data, local + 1);
    struct slice domain = slice_of(address.data + local + 1, address.len - local - 1);
    if (!write_domain(buf, domain) || buf->len - before > ADDRESS_MAX_BYTES) {
        buf->len = before;
        return false;
    }
    return true;
}

bool mail_address_is_valid(struct slice address)
{
    struct buf scratch = {0};
    bool needs_utf8;
    bool is_valid = mail_address_write(&scratch, address, &needs_utf8);
    buf_release(&scratch);
    return is_valid;
}

enum err mail_address_check(const char *address, const char *where, const char *key,
                            struct problem *problem)
{
    struct buf written = {0};
    bool needs_utf8 = false;
    bool is_good = mail_address_write(&written, slice_str(address), &needs_utf8) && !needs_utf8;
    buf_release(&written);
    if (is_good) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "%s: %s must be an address such as notices@bank.example, not \"%.80s\"",
                       where, key, address);
}
