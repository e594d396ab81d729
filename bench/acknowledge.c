/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_acknowledge URL CAMPAIGN TOKEN PEOPLE FROM COUNT CONNECTIONS
 *
 * Acknowledges for customers of a list that make-customers wrote: of each thousand, COUNT from
 * place FROM on, by the name that the list gives them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/curl_floor.h"

#define CONNECTIONS_MAX 256
#define BODY_BYTES      96
#define THOUSAND        1000
#define FIRST_CUSTOMER  100000000u /* as make-customers numbers them */
#define CUSTOMER_STEP   7u

struct acknowledging {
    char url[256];
    const char *campaign;
    uint64_t from;
    uint64_t count; /* of each thousand */
    uint64_t next;
    struct curl_slist *headers;
    CURL *easy[CONNECTIONS_MAX];
    char body[CONNECTIONS_MAX][BODY_BYTES];
};

static void prepare(void *arg, CURL *easy, unsigned i)
{
    struct acknowledging *all = arg;
    all->easy[i] = easy;
    curl_easy_setopt(easy, CURLOPT_URL, all->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, all->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, all->body[i]);
}

static void again(void *arg, unsigned i)
{
    struct acknowledging *all = arg;
    uint64_t customer = all->next / all->count * THOUSAND + all->from + all->next % all->count;
    all->next++;
    int len = snprintf(all->body[i], BODY_BYTES,
                       "{\"campaign\":\"%.20s\",\"recipient\":\"C%" PRIu64 "\"}", all->campaign,
                       FIRST_CUSTOMER + CUSTOMER_STEP * customer);
    curl_easy_setopt(all->easy[i], CURLOPT_POSTFIELDSIZE, (long)len);
}

static unsigned long number(const char *text)
{
    return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    static struct acknowledging all;
    char bearer[128];
    if (argc != 8 || number(argv[6]) == 0 || number(argv[7]) > CONNECTIONS_MAX) {
        fprintf(stderr,
                "usage: bench_acknowledge URL CAMPAIGN TOKEN PEOPLE FROM COUNT CONNECTIONS\n");
        return 2;
    }
    (void)snprintf(all.url, sizeof(all.url), "%s/v1/acknowledgements", argv[1]);
    (void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", argv[3]);
    all.campaign = argv[2];
    all.from = number(argv[5]);
    all.count = number(argv[6]);
    all.headers =
        curl_slist_append(curl_slist_append(NULL, bearer), "Content-Type: application/json");
    struct curl_floor_figures figures =
        curl_floor_run(&(struct curl_floor){.count = number(argv[4]) / THOUSAND * all.count,
                                            .connections = (unsigned)number(argv[7]),
                                            .prepare = prepare,
                                            .again = again,
                                            .arg = &all});
    curl_floor_print(&figures);
    curl_slist_free_all(all.headers);
    return figures.failed == 0 ? 0 : 1;
}
