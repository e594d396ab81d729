/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-customers: a CSV file of customers of a company with customers everywhere, on standard
 * output: the same file for the same options on every machine.
 *
 * A row is a function of the seed and its number alone, so that any row can be made again (a
 * duplicate is one). Duplicates and malformed rows are part of --rows and stand evenly spread,
 * never next to each other. The customers are invented and their addresses lead nowhere; their
 * telephone numbers only look right and may be somebody's: send to a receiver of your own, never to
 * a gateway.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/customer_places.h"

#define WRITE_BYTES (256L * 1024)
#define ROW_BYTES   1024 /* more than the longest row */
#define PLACES_MAX  64
#define WEIGHTS_MAX 4096
#define LIST_MAX    16
#define ROWS_MAX    UINT64_C(4000000000)

static const char usage[] =
    "usage: make-customers --rows N [OPTION]…\n"
    "  --seed N           another seed gives other customers (1)\n"
    "  --email-share F    fraction of the customers with an e-mail address, 0 to 1 (1)\n"
    "  --phone-share F    fraction of the customers with a telephone number (1)\n"
    "  --duplicates N     of the rows, so many have the id of an earlier row (0)\n"
    "  --malformed N      of the rows, so many cannot be used, for one reason or another (0)\n"
    "  --slim             without e-mail and time zone: six columns\n"
    "Duplicates and malformed rows: each at most a quarter of all.\n"
    "Columns: id,email,phone,locale,timezone,first_name,last_name,city; slim:\n"
    "id,phone,locale,first_name,last_name,city\n";

/* ---- the tables, made ready ---- */

struct piece {
    const char *text;
    size_t len;
};

struct name {
    struct piece shown;
    struct piece ascii;
    bool is_quoted; /* needs quotes in CSV */
};

struct names {
    struct name list[LIST_MAX];
    unsigned count;
};

struct place {
    const struct customer_place *source;
    struct piece locale;
    struct piece timezone;
    struct names first;
    struct names last;
    struct names cities;
    struct names domains;
};

struct tables {
    struct place places[PLACES_MAX];
    uint8_t by_weight[WEIGHTS_MAX]; /* a place for each unit of weight */
    unsigned weights;
};

static struct piece piece_of(const char *text)
{
    return (struct piece){text, strlen(text)};
}

static void names_read(struct names *names, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "|");
        const char *equals = memchr(text, '=', len);
        struct name *name = &names->list[names->count++];
        assert(names->count <= LIST_MAX);
        name->shown = (struct piece){text, equals == NULL ? len : (size_t)(equals - text)};
        name->ascii =
            equals == NULL ? name->shown : (struct piece){equals + 1, len - name->shown.len - 1};
        name->is_quoted = memchr(text, ',', name->shown.len) != NULL ||
                          memchr(text, '"', name->shown.len) != NULL;
        text += len + (text[len] == '|' ? 1 : 0);
    }
}

static void tables_init(struct tables *tables)
{
    memset(tables, 0, sizeof(*tables));
    for (unsigned i = 0; customer_places[i].locale != NULL; i++) {
        const struct customer_place *source = &customer_places[i];
        struct place *place = &tables->places[i];
        assert(i < PLACES_MAX && tables->weights + source->weight <= WEIGHTS_MAX);
        place->source = source;
        place->locale = piece_of(source->locale);
        place->timezone = piece_of(source->timezone);
        names_read(&place->first, source->people->first);
        names_read(&place->last, source->people->last);
        names_read(&place->cities, source->cities);
        names_read(&place->domains, source->domains);
        memset(tables->by_weight + tables->weights, (int)i, source->weight);
        tables->weights += source->weight;
    }
}

/* ---- dice ---- */

/* splitmix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t dice_next(uint64_t *dice)
{
    *dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned dice_below(uint64_t *dice, unsigned bound)
{
    return (unsigned)((dice_next(dice) >> 32) * bound >> 32);
}

static bool dice_chance(uint64_t *dice, double chance)
{
    return (double)(dice_next(dice) >> 11) < chance * 0x1p53;
}

/* ---- writing ---- */

static char *put(char *at, struct piece piece)
{
    assert(piece.text != NULL);
    memcpy(at, piece.text, piece.len);
    return at + piece.len;
}

static char *put_name(char *at, const struct name *name)
{
    if (!name->is_quoted) {
        return put(at, name->shown);
    }
    *at++ = '"';
    for (size_t i = 0; i < name->shown.len; i++) {
        if (name->shown.text[i] == '"') {
            *at++ = '"';
        }
        *at++ = name->shown.text[i];
    }
    *at++ = '"';
    return at;
}

/* "C100000007": all of the same length, with gaps. */
static char *put_id(char *at, uint64_t row)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "C%09" PRIu64, 100000000 + row * 7);
    memcpy(at, digits, (size_t)len);
    return at + len;
}

static char *put_phone(char *at, const char *pattern, uint64_t *dice)
{
    uint64_t digits = dice_next(dice) >> 4; /* enough for ten: less than a digit's bias */
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == 'x') {
            *at++ = (char)('0' + digits % 10);
            digits /= 10;
        } else if (*pattern == 'N') {
            *at++ = (char)('2' + digits % 8);
            digits /= 8;
        } else {
            *at++ = *pattern;
        }
    }
    return at;
}

static char *put_lower(char *at, struct piece piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        char c = piece.text[i];
        *at++ = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return at;
}

struct options {
    uint64_t rows;
    uint64_t seed;
    uint64_t duplicates;
    uint64_t malformed;
    double email_share;
    double phone_share;
    bool is_slim; /* without e-mail and time zone: six columns */
};

/* Ways to be malformed; what is put in the place of a good value. */
enum flaw {
    FLAW_NONE,
    FLAW_PHONE_WORD,
    FLAW_PHONE_SHORT,
    FLAW_EMAIL,
    FLAW_NO_ID,
    FLAW_UTF8,
    FLAWS
};

/* One row, drawn but not yet written. */
struct customer {
    uint64_t row;
    uint64_t id; /* the row whose id stands there: this one's or an earlier one's */
    enum flaw flaw;
    uint64_t dice;
    bool has_email;
    bool has_phone;
    bool is_slim;
    const struct place *place;
    const struct name *first;
    const struct name *last;
    const struct name *city;
    const struct name *domain;
};

static const struct name *draw_name(const struct names *names, uint64_t *dice)
{
    return &names->list[dice_below(dice, names->count)];
}

static struct customer customer_draw(const struct tables *tables, const struct options *options,
                                     uint64_t row)
{
    struct customer customer = {.row = row, .id = row};
    uint64_t start = options->seed << 40 ^ row;
    uint64_t dice = dice_next(&start);
    customer.place = &tables->places[tables->by_weight[dice_below(&dice, tables->weights)]];
    assert(customer.place->source != NULL);
    customer.first = draw_name(&customer.place->first, &dice);
    customer.last = draw_name(&customer.place->last, &dice);
    customer.city = draw_name(&customer.place->cities, &dice);
    customer.domain = draw_name(&customer.place->domains, &dice);
    customer.has_email = dice_chance(&dice, options->email_share);
    customer.has_phone = dice_chance(&dice, options->phone_share);
    customer.is_slim = options->is_slim;
    customer.dice = dice;
    return customer;
}

static char *put_email(char *at, const struct customer *customer)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, customer->row);
    at = put_lower(at, customer->first->ascii);
    *at++ = '.';
    at = put_lower(at, customer->last->ascii);
    at = put(at, (struct piece){digits, (size_t)len});
    *at++ = '@';
    return put(at, customer->domain->shown);
}

static char *put_contacts(char *at, struct customer *customer)
{
    if (customer->flaw == FLAW_EMAIL) {
        at = put(at, piece_of("nobody at example.com"));
    } else if (customer->has_email && !customer->is_slim) {
        at = put_email(at, customer);
    }
    if (!customer->is_slim) {
        *at++ = ',';
    }
    if (customer->flaw == FLAW_PHONE_WORD) {
        return put(at, piece_of("call me"));
    }
    if (customer->flaw == FLAW_PHONE_SHORT) {
        return put(at, piece_of("+47 12"));
    }
    return customer->has_phone ? put_phone(at, customer->place->source->phone, &customer->dice)
                               : at;
}

static char *put_customer(char *at, struct customer *customer)
{
    if (customer->flaw != FLAW_NO_ID) {
        at = put_id(at, customer->id);
    }
    *at++ = ',';
    at = put_contacts(at, customer);
    *at++ = ',';
    at = put(at, customer->place->locale);
    *at++ = ',';
    if (!customer->is_slim) {
        at = put(at, customer->place->timezone);
        *at++ = ',';
    }
    if (customer->flaw == FLAW_UTF8) {
        *at++ = (char)0xc5; /* Latin-1, as from a program that knows nothing else */
        at = put(at, piece_of("se"));
    } else {
        at = put_name(at, customer->first);
    }
    *at++ = ',';
    at = put_name(at, customer->last);
    *at++ = ',';
    at = put_name(at, customer->city);
    *at++ = '\n';
    return at;
}

/* ---- the file ---- */

/* How many of `special` come before `row`, spread evenly over `rows`. */
static uint64_t specials_before(uint64_t row, uint64_t special, uint64_t rows)
{
    return row * special / rows; /* both below ROWS_MAX */
}

static bool is_special(uint64_t row, const struct options *options)
{
    uint64_t special = options->duplicates + options->malformed;
    return specials_before(row + 1, special, options->rows) >
           specials_before(row, special, options->rows);
}

/* A special row is a duplicate or malformed; both kinds are spread evenly too. */
static void customer_spoil(struct customer *customer, const struct options *options)
{
    uint64_t special = options->duplicates + options->malformed;
    assert(special > 0);
    uint64_t nth = specials_before(customer->row, special, options->rows);
    bool is_duplicate = specials_before(nth + 1, options->duplicates, special) >
                        specials_before(nth, options->duplicates, special);
    if (!is_duplicate) {
        customer->flaw = (enum flaw)(1 + nth % (FLAWS - 1));
        return;
    }
    /* Somebody before who is not special himself: of two neighbours one never is. */
    uint64_t dice = customer->row;
    uint64_t earlier = dice_next(&dice) % customer->row;
    customer->id = is_special(earlier, options) ? earlier + 1 : earlier;
}

static bool write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, len);
        if (written < 0 && errno != EINTR) {
            fprintf(stderr, "make-customers: standard output cannot be written: %s\n",
                    strerrordesc_np(errno));
            return false;
        }
        bytes += written > 0 ? written : 0;
        len -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool make(const struct tables *tables, const struct options *options)
{
    static char bytes[WRITE_BYTES + ROW_BYTES];
    const char *header = options->is_slim
                             ? "id,phone,locale,first_name,last_name,city\n"
                             : "id,email,phone,locale,timezone,first_name,last_name,city\n";
    char *at = put(bytes, piece_of(header));
    bool is_good = true;
    for (uint64_t row = 0; row < options->rows && is_good; row++) {
        struct customer customer = customer_draw(tables, options, row);
        if (is_special(row, options)) {
            customer_spoil(&customer, options);
        }
        at = put_customer(at, &customer);
        if (at - bytes >= WRITE_BYTES) {
            is_good = write_all(bytes, (size_t)(at - bytes));
            at = bytes;
        }
    }
    return is_good && write_all(bytes, (size_t)(at - bytes));
}

/* ---- options ---- */

static bool read_number(const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
}

static bool read_share(const char *text, double *share)
{
    char *end = NULL;
    *share = strtod(text, &end);
    return end != text && *end == '\0' && *share >= 0 && *share <= 1;
}

static bool read_option(struct options *options, int letter, const char *text)
{
    switch (letter) {
    case 'r':
        return read_number(text, &options->rows);
    case 's':
        return read_number(text, &options->seed);
    case 'd':
        return read_number(text, &options->duplicates);
    case 'm':
        return read_number(text, &options->malformed);
    case 'e':
        return read_share(text, &options->email_share);
    case 'p':
        return read_share(text, &options->phone_share);
    case 'l':
        options->is_slim = true;
        return true;
    default:
        return false;
    }
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"rows", required_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 's'},
        {"email-share", required_argument, NULL, 'e'},
        {"phone-share", required_argument, NULL, 'p'},
        {"duplicates", required_argument, NULL, 'd'},
        {"malformed", required_argument, NULL, 'm'},
        {"slim", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!read_option(options, letter, optarg)) {
            return false;
        }
    }
    /* So few that of two neighbours one is never special. */
    return optind == argc && options->rows > 0 && options->rows <= ROWS_MAX &&
           options->duplicates <= options->rows / 4 && options->malformed <= options->rows / 4;
}

int main(int argc, char **argv)
{
    static struct tables tables;
    struct options options = {.seed = 1, .email_share = 1, .phone_share = 1};
    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    tables_init(&tables);
    return make(&tables, &options) ? 0 : 1;
}
