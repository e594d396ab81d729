/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_connection.h"

#include <sys/socket.h>

#include "coordinator/http/http_request.h"
#include "coordinator/http/http_socket.h"

#define SENDING_LOOKS 512U /* connections looked at for one that is sending */
#define EVICT_LOOKS   512U /* connections looked at for one that can make room */

static void link_first(struct http_connections *all, struct http_connection *connection)
{
    connection->previous = NULL;
    connection->next = all->first;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    } else {
        all->oldest = connection;
    }
    all->first = connection;
}

static void unlink_one(struct http_connections *all, struct http_connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        all->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    } else {
        all->oldest = connection->previous;
    }
}

void http_connections_add(struct http_connections *all, struct http_connection *connection,
                          uint64_t now_ms)
{
    connection->all = all;
    connection->idle_since_ms = now_ms;
    connection->is_idle_seen = true; /* with nothing received */
    all->greeting += connection->session != NULL;
    all->count++;
    link_first(all, connection);
}

void http_connections_remove(struct http_connection *connection)
{
    struct http_connections *all = connection->all;
    unlink_one(all, connection);
    all->count--;
    all->has_closed = true;
    all->evicting -= connection->is_evicted;
    all->greeting -= connection->session != NULL && !connection->has_spoken;
}

void http_connection_rests(struct http_connection *connection, uint64_t now_ms)
{
    connection->idle_since_ms = now_ms;
    connection->is_idle_seen = false;
    unlink_one(connection->all, connection);
    link_first(connection->all, connection);
}

void http_connection_speaks(struct http_connection *connection)
{
    if (!connection->has_spoken) {
        connection->has_spoken = true;
        connection->all->greeting -= connection->session != NULL;
    }
}

static bool is_over_full(const struct http_connections *all)
{
    return all->count - all->evicting > all->max;
}

/* Whoever sends nothing, or the head of his request byte by byte, must not keep others out. Those
 * with a request under way stand among the idle ones by the time when they were so last; they are
 * passed over, a few at most. So are those whose request has come and is not read yet: they would
 * never see its answer. When so many were passed over that there is no room, it is looked again
 * after the next run. */
void http_connections_make_room(struct http_connections *all)
{
    unsigned looked_at = 0;
    for (struct http_connection *connection = all->oldest;
         connection != NULL && looked_at < EVICT_LOOKS && is_over_full(all);
         connection = connection->previous, looked_at++) {
        if (connection->request == NULL && !connection->is_evicted &&
            !http_socket_has_unread(connection->fd)) {
            connection->is_evicted = true;
            all->evicting++;
            all->evictions++;
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
}

void http_connections_shut_idle(struct http_connections *all)
{
    for (struct http_connection *connection = all->first; connection != NULL;
         connection = connection->next) {
        if (connection->request == NULL) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
}

bool http_connections_are_sending(const struct http_connections *all)
{
    unsigned looked_at = 0;
    for (const struct http_connection *connection = all->first;
         connection != NULL && looked_at < SENDING_LOOKS;
         connection = connection->next, looked_at++) {
        const struct http_request *request = connection->request;
        if (request != NULL && request->phase == HTTP_SENDING && !request->is_suspended) {
            return true;
        }
    }
    return false;
}
