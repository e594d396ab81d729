/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes: the tables of all paths. A feature is a handler and a row here, a line in docs/api.md and
 * a path in docs/openapi.yaml.
 */
#ifndef TOCSIN_API_ROUTES_H
#define TOCSIN_API_ROUTES_H

#include "coordinator/api/route.h"

/* For clients and operators. */
extern const struct route routes_of_api[];
/* For recipients and providers: nobody signs in, and nothing is shown that is not meant for them.
 * On a port of their own if listen.public is set, else on the API's. */
extern const struct route routes_of_public[];

#endif
