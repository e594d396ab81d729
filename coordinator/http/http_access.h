/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_access: what libmicrohttpd calls while it runs: connections that begin and end, heads and
 * pieces of bodies that came, requests that are over. The argument of each is the server. A part
 * of http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_ACCESS_H
#define TOCSIN_HTTP_HTTP_ACCESS_H

#include <microhttpd.h>
#include <stddef.h>

/* What the library may take for a connection: a head, and what is read of a body at once. */
#define HTTP_CONNECTION_MEMORY ((size_t)8 * 1024)

void http_access_on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                               enum MHD_ConnectionNotificationCode code);
void *http_access_on_uri(void *arg, const char *uri, struct MHD_Connection *mhd);
/* With the head; with pieces of the body; at its end; after it was resumed. */
enum MHD_Result http_access_on_call(void *arg, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **context);
void http_access_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                              enum MHD_RequestTerminationCode code);

#endif
