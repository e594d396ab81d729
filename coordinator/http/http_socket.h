/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_socket: what the kernel knows of a connection. A part of http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_SOCKET_H
#define TOCSIN_HTTP_HTTP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that a connection has received ever; 0 if the kernel does not say. */
uint64_t http_socket_received(int fd);
/* What is not sent yet is dropped when it is closed, and the client told so (RST). */
void http_socket_reset_at_close(int fd);
/* The same at once: nothing that was sent looks like the end of an answer without a length. Nothing
 * can be sent or received any more. */
void http_socket_reset(int fd);
/* Whether something has come that nobody has read yet. */
bool http_socket_has_unread(int fd);

#endif
