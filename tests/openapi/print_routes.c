/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the route tables, a route a line, for tests that walk all of them:
 *
 *     api GET /v1/campaigns viewer,author,approver,operator,admin limit,cursor changes,stream
 *
 * `api` or `public` is the table; then method, pattern, the roles that may (`anybody`: no sign-in),
 * the parameters of the query (`-`: none, `*`: the handler's own), the flags (`-`: none).
 */
#include <stdio.h>

#include "coordinator/api/routes.h"

static void print_roles(enum role_set set)
{
    const char *separator = "";
    if (role_set_is_open(set)) {
        printf(" anybody");
        return;
    }
    printf(" ");
    for (enum role role = ROLE_RELAY; role < ROLES; role++) {
        if (role_is_in(role, set)) {
            printf("%s%s", separator, role_name(role));
            separator = ",";
        }
    }
}

static void print_parameters(const struct route *route)
{
    if ((route->flags & ROUTE_OWN_QUERY) != 0) {
        printf(" *");
        return;
    }
    if (route->parameters == NULL || route->parameters[0] == NULL) {
        printf(" -");
        return;
    }
    for (unsigned i = 0; route->parameters[i] != NULL; i++) {
        printf("%s%s", i == 0 ? " " : ",", route->parameters[i]);
    }
}

static void print_flags(unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {
        {ROUTE_CHANGES, "changes"},     {ROUTE_STREAM, "stream"}, {ROUTE_REPEATABLE, "repeatable"},
        {ROUTE_OWN_QUERY, "own_query"}, {ROUTE_LARGE, "large"},   {ROUTE_MACHINE, "machine"},
    };
    const char *separator = " ";
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & names[i].flag) != 0) {
            printf("%s%s", separator, names[i].name);
            separator = ",";
        }
    }
    printf("%s\n", flags == 0 ? " -" : "");
}

static void print_table(const char *name, const struct route *route)
{
    for (; route->method != NULL; route++) {
        printf("%s %s %s", name, route->method, route->pattern);
        print_roles(route->roles);
        print_parameters(route);
        print_flags(route->flags);
    }
}

int main(void)
{
    print_table("api", routes_of_api);
    print_table("public", routes_of_public);
    return 0;
}
