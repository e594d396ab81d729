/* SPDX-License-Identifier: Apache-2.0 */
/*
 * customer_places: countries, with what a customer from there looks like. Lists are texts with bars
 * between their entries; a name that is not plain ASCII is followed by `=` and how it is written in
 * an e-mail address.
 */
#ifndef TOCSIN_BENCH_CUSTOMER_PLACES_H
#define TOCSIN_BENCH_CUSTOMER_PLACES_H

struct customer_people {
    const char *first;
    const char *last;
};

struct customer_place {
    unsigned weight; /* customers, in thousandths of all or so */
    const char *locale;
    const char *timezone;
    /* Mobile numbers in E.164: `x` is any digit, `N` one of 2 to 9. */
    const char *phone;
    const char *domains; /* reserved by RFC 2606: nobody's */
    const char *cities;
    const struct customer_people *people;
};

extern const struct customer_place customer_places[]; /* ends with a locale of NULL */

#endif
