/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letters stand in blocks, one base letter for each code point and a blank where there is none;
 * what becomes several characters, or none, stands in a list that is sorted by code point.
 */
#include "common/sms_text.h"

#include <stdlib.h>
#include <string.h>

#define MARK_FIRST 0x0300U
#define MARK_LAST  0x036fU

struct block {
    uint16_t first;
    const char *letters;
};

static const struct block blocks[] = {
    /* Latin-1 Supplement */
    {0x00c0, "AAAA    E EEIIIID OOOO   UUU Y   aaa   c  ee iiid  ooo    uu y y"},
    /* Latin Extended-A */
    {0x0100, "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi  JjKkqLlLlLlLlLlNnNnNn NnOoOoOo  "
             "RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"},
    /* Latin Extended-B: pinyin, Romanian, Livonian and others */
    {0x01cd, "AaIiOoUuUuUuUuUu"},
    {0x01e6, "GgKkOoOo  j   Gg"},
    {0x01f8, "NnAa    AaAaEeEeIiIiOoOoRrRrUuUuSsTt"},
    {0x0226, "AaEeOoOoOoOoYy"},
    /* Latin Extended Additional */
    {0x1e00, "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOo"
             "PpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwyasss dAaAaAaAa"
             "AaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYyLl"
             "VvYy"},
};

struct spelling {
    uint16_t character;
    const char *text;
};

static const struct spelling spellings[] = {
    {'\t', " "},     {'`', "'"},     {0x00a0, " "},   {0x00a9, "(C)"}, {0x00aa, "a"},
    {0x00ab, "\""},  {0x00ad, ""},   {0x00ae, "(R)"}, {0x00b4, "'"},   {0x00b5, "u"},
    {0x00b7, "*"},   {0x00ba, "o"},  {0x00bb, "\""},  {0x00bc, "1/4"}, {0x00bd, "1/2"},
    {0x00be, "3/4"}, {0x00d7, "x"},  {0x00de, "Th"},  {0x00f7, "/"},   {0x00fe, "th"},
    {0x0132, "IJ"},  {0x0133, "ij"}, {0x0149, "'n"},  {0x0152, "OE"},  {0x0153, "oe"},
    {0x02b9, "'"},   {0x02ba, "\""}, {0x02bb, "'"},   {0x02bc, "'"},   {0x02bd, "'"},
    {0x1e9e, "SS"},  {0x2000, " "},  {0x2001, " "},   {0x2002, " "},   {0x2003, " "},
    {0x2004, " "},   {0x2005, " "},  {0x2006, " "},   {0x2007, " "},   {0x2008, " "},
    {0x2009, " "},   {0x200a, " "},  {0x200b, ""},    {0x200c, ""},    {0x200d, ""},
    {0x200e, ""},    {0x200f, ""},   {0x2010, "-"},   {0x2011, "-"},   {0x2012, "-"},
    {0x2013, "-"},   {0x2014, "-"},  {0x2015, "-"},   {0x2018, "'"},   {0x2019, "'"},
    {0x201a, "'"},   {0x201b, "'"},  {0x201c, "\""},  {0x201d, "\""},  {0x201e, "\""},
    {0x201f, "\""},  {0x2022, "*"},  {0x2026, "..."}, {0x2028, "\n"},  {0x2029, "\n"},
    {0x202f, " "},   {0x2032, "'"},  {0x2033, "\""},  {0x2039, "'"},   {0x203a, "'"},
    {0x2043, "-"},   {0x205f, " "},  {0x2060, ""},    {0x2116, "No."}, {0x2122, "(TM)"},
    {0x2190, "<-"},  {0x2192, "->"}, {0x2212, "-"},   {0x3000, " "},   {0xfeff, ""},
};

/* A letter and a mark behind it that are one character of the alphabet. */
static const struct {
    char letter;
    uint16_t mark;
    uint16_t whole;
} compositions[] = {
    {'A', 0x0308, 0xc4}, {'A', 0x030a, 0xc5}, {'C', 0x0327, 0xc7}, {'E', 0x0301, 0xc9},
    {'N', 0x0303, 0xd1}, {'O', 0x0308, 0xd6}, {'U', 0x0308, 0xdc}, {'a', 0x0300, 0xe0},
    {'a', 0x0308, 0xe4}, {'a', 0x030a, 0xe5}, {'e', 0x0300, 0xe8}, {'e', 0x0301, 0xe9},
    {'i', 0x0300, 0xec}, {'n', 0x0303, 0xf1}, {'o', 0x0300, 0xf2}, {'o', 0x0308, 0xf6},
    {'u', 0x0300, 0xf9}, {'u', 0x0308, 0xfc},
};

static char base_letter(uint32_t c)
{
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (c >= blocks[i].first && c - blocks[i].first < strlen(blocks[i].letters)) {
            return blocks[i].letters[c - blocks[i].first];
        }
    }
    return ' ';
}

static int by_character(const void *a, const void *b)
{
    uint32_t c = *(const uint32_t *)a;
    uint32_t other = ((const struct spelling *)b)->character;
    return (c > other) - (c < other);
}

static const struct spelling *spelling_of(uint32_t c)
{
    return bsearch(&c, spellings, sizeof(spellings) / sizeof(spellings[0]), sizeof(spellings[0]),
                   by_character);
}

/* False: there is no such character in the alphabet. */
static bool compose(struct buf *buf, uint32_t mark)
{
    for (size_t i = 0; i < sizeof(compositions) / sizeof(compositions[0]); i++) {
        uint8_t letter = (uint8_t)compositions[i].letter;
        if (compositions[i].mark == mark && buf->len > 0 && buf->data[buf->len - 1] == letter) {
            buf->data[buf->len - 1] = (uint8_t)(0xc0 | compositions[i].whole >> 6);
            buf_u8(buf, (uint8_t)(0x80 | (compositions[i].whole & 0x3f)));
            return true;
        }
    }
    return false;
}

/* False: it has no form in the alphabet. `written` is the character as it stands in the text. */
static bool put(struct buf *buf, uint32_t c, struct slice written)
{
    if (sms_parts_septets(c) > 0) {
        buf_slice(buf, written);
        return true;
    }
    if (c >= MARK_FIRST && c <= MARK_LAST) {
        (void)compose(buf, c);
        return true;
    }
    char letter = base_letter(c);
    if (letter != ' ') {
        buf_u8(buf, (uint8_t)letter);
        return true;
    }
    const struct spelling *spelling = spelling_of(c);
    if (spelling != NULL) {
        buf_str(buf, spelling->text);
    }
    return spelling != NULL;
}

/* False: not all of it has a form in the alphabet. */
static bool transliterate(struct slice text, struct buf *buf)
{
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        uint32_t c = sms_parts_next(text, &at);
        if (!put(buf, c, slice_of(text.data + from, at - from))) {
            return false;
        }
    }
    return true;
}

struct slice sms_text(struct slice text, const struct sms_rule *rule, struct buf *buf,
                      struct sms_size *size)
{
    *size = sms_parts(text);
    buf_clear(buf);
    if (!rule->transliterate || !size->is_ucs2 || !transliterate(text, buf)) {
        return text;
    }
    struct sms_size plain = sms_parts(buf_view(buf));
    if (buf->len == 0 || plain.parts > size->parts) {
        return text;
    }
    *size = plain;
    return buf_view(buf);
}
