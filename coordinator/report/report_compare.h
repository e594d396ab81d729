/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_compare: two reports side by side, from their JSON, and in words what keeps them from
 * being compared.
 */
#ifndef TOCSIN_REPORT_REPORT_COMPARE_H
#define TOCSIN_REPORT_REPORT_COMPARE_H

#include <jansson.h>

/* {"remarks":[…],"rows":[{"name","label","unit","a","b","difference","share_a","share_b","points"}]}
 * unit is people, messages, s or per_s; difference is b less a, points are hundredths of the share.
 * What one of them does not have is null. */
json_t *report_compare(const json_t *a, const json_t *b);

#endif
