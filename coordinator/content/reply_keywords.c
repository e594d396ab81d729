/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/reply_keywords.h"

#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "common/text_fold.h"

struct keyword {
    enum reply_class class;
    bool is_weak;
    bool is_built_in;
    size_t len;
    uint8_t folded[2 * REPLY_KEYWORD_MAX]; /* a character may be longer in the other case */
};

struct reply_keywords {
    unsigned count;
    struct keyword words[REPLY_KEYWORDS_MAX];
};

static const char *const class_names[REPLY_CLASSES + 1] = {
#define CLASS_NAME(name, word, keywords) [REPLY_##name] = (word),
    REPLY_CLASS_MAP(CLASS_NAME)
#undef CLASS_NAME
};
static const char *const built_in[REPLY_CLASSES] = {
#define BUILT_IN(name, word, keywords) [REPLY_##name] = (keywords),
    REPLY_CLASS_MAP(BUILT_IN)
#undef BUILT_IN
};

const char *reply_class_name(enum reply_class class)
{
    return class_names[class];
}

bool reply_class_parse(struct slice name, enum reply_class *class)
{
    for (unsigned i = 0; i < REPLY_CLASSES; i++) {
        if (slice_is(name, class_names[i])) {
            *class = (enum reply_class)i;
            return true;
        }
    }
    return false;
}

/* ---- the text without what does not matter ---- */

/* Full stop, exclamation marks, quotation marks of all sorts. A question mark asks something. */
static bool is_around(uint32_t c)
{
    return c == '.' || c == '!' || c == '"' || c == '\'' || c == 0xa1 || c == 0xab || c == 0xbb ||
           (c >= 0x2018 && c <= 0x201f) || c == 0x2026 || c == 0x3002 || c == 0xff01 || c == ' ';
}

/* Of folded text, without what is_around at both ends. */
static struct slice middle_of(struct slice text)
{
    size_t end = 0;
    while (text.len > 0) {
        struct slice rest = text;
        if (!is_around(text_take_char(&rest))) {
            break;
        }
        text = rest;
    }
    for (struct slice rest = text; rest.len > 0;) {
        if (!is_around(text_take_char(&rest))) {
            end = text.len - rest.len;
        }
    }
    return slice_of(text.data, end);
}

static struct slice fold(struct buf *buf, struct slice text)
{
    buf_clear(buf);
    text_fold_words(buf, text);
    return middle_of(buf_view(buf));
}

/* ---- the list ---- */

/* Its place, or `count`. */
static unsigned find(const struct reply_keywords *keywords, struct slice folded)
{
    unsigned at = 0;
    while (at < keywords->count &&
           !slice_equal(slice_of(keywords->words[at].folded, keywords->words[at].len), folded)) {
        at++;
    }
    return at;
}

static void put(struct reply_keywords *keywords, unsigned at, const struct keyword *word,
                struct slice folded)
{
    keywords->count += at == keywords->count;
    keywords->words[at] = *word;
    keywords->words[at].len = folded.len;
    memcpy(keywords->words[at].folded, folded.data, folded.len);
}

static enum err add_folded(struct reply_keywords *keywords, enum reply_class class,
                           struct slice folded, struct problem *problem)
{
    unsigned at = find(keywords, folded);
    const struct keyword *there = at < keywords->count ? &keywords->words[at] : NULL;
    if (there != NULL && there->class == class) {
        return ERR_OK;
    }
    if (there != NULL && !there->is_weak) {
        return problem_set(problem, ERR_CONFLICT,
                           "\"%.*s\" stands for \"%s\" already: a word has one meaning",
                           (int)folded.len, (const char *)folded.data, class_names[there->class]);
    }
    if (at == REPLY_KEYWORDS_MAX) {
        return problem_set(problem, ERR_LIMIT, "there are more than %d words", REPLY_KEYWORDS_MAX);
    }
    put(keywords, at, &(struct keyword){.class = class}, folded);
    return ERR_OK;
}

enum err reply_keywords_add(struct reply_keywords *keywords, enum reply_class class,
                            struct slice word, struct problem *problem)
{
    struct buf buf = {0};
    enum err err = ERR_INVALID;
    if (word.len == 0 || word.len > REPLY_KEYWORD_MAX || !text_is_utf8(word, NULL)) {
        err = problem_set(problem, ERR_INVALID, "a keyword has 1 to %d bytes of UTF-8",
                          REPLY_KEYWORD_MAX);
    } else {
        struct slice folded = fold(&buf, word);
        err = folded.len > 0 ? add_folded(keywords, class, folded, problem)
                             : problem_set(problem, ERR_INVALID, "\"%.*s\" is no word",
                                           (int)word.len, (const char *)word.data);
    }
    buf_release(&buf);
    return err;
}

static void add_built_in(struct reply_keywords *keywords, enum reply_class class)
{
    struct slice rest = slice_str(built_in[class]);
    struct buf buf = {0};
    while (rest.len > 0) {
        struct slice word = slice_take_until(&rest, ' ');
        bool is_weak = word.len > 0 && word.data[word.len - 1] == '?';
        struct slice folded = fold(&buf, slice_of(word.data, word.len - (is_weak ? 1 : 0)));
        put(keywords, keywords->count,
            &(struct keyword){.class = class, .is_weak = is_weak, .is_built_in = true}, folded);
    }
    buf_release(&buf);
}

struct reply_keywords *reply_keywords_new(void)
{
    struct reply_keywords *keywords = mem_zalloc(1, sizeof(*keywords));
    for (unsigned class = 0; class < REPLY_CLASSES; class ++) {
        add_built_in(keywords, (enum reply_class) class);
    }
    return keywords;
}

void reply_keywords_free(struct reply_keywords *keywords)
{
    mem_free(keywords);
}

/* ---- reading ---- */

/* A word for ACK, and the code: "ack 7kq2". Without a blank between them only for ACK itself. */
static bool is_ack(const struct keyword *word, struct slice folded, struct reply_code *code)
{
    return word->class == REPLY_ACK && word->len < folded.len &&
           memcmp(word->folded, folded.data, word->len) == 0 &&
           (word->is_built_in || folded.data[word->len] == ' ') &&
           reply_code_parse(slice_of(folded.data + word->len, folded.len - word->len), code);
}

static void read_ack(const struct reply_keywords *keywords, struct slice folded,
                     struct reply_meaning *meaning)
{
    for (unsigned i = 0; i < keywords->count && meaning->class != REPLY_ACK; i++) {
        if (is_ack(&keywords->words[i], folded, &meaning->code)) {
            meaning->class = REPLY_ACK;
            meaning->is_weak = !keywords->words[i].is_built_in;
        }
    }
}

void reply_keywords_read(const struct reply_keywords *keywords, struct slice text,
                         struct reply_meaning *meaning)
{
    struct buf buf = {0};
    struct slice folded = fold(&buf, text);
    unsigned at = find(keywords, folded);
    *meaning = (struct reply_meaning){.class = REPLY_OTHER};
    if (reply_code_read(text, &meaning->code)) { /* with blanks within the word, too */
        meaning->class = REPLY_ACK;
    } else if (at < keywords->count && keywords->words[at].class != REPLY_ACK) {
        meaning->class = keywords->words[at].class;
        meaning->is_weak = keywords->words[at].is_weak;
    } else {
        read_ack(keywords, folded, meaning);
    }
    buf_release(&buf);
}
