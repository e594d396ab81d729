/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZMQ_FD is edge-triggered, and not only messages trigger it: any call on the socket may take the
 * edge with it. Hence two rules. Woken, a socket is read until it says EAGAIN, but for a bounded
 * number of messages a turn. And whenever something may be left (the bound was reached, or
 * something was sent since), `may_be_readable` is set: before the loop sleeps, the prepare handle
 * asks ZMQ_EVENTS, and an idle handle keeps the loop awake for one more turn as long as there is
 * something to read.
 *
 * Beside the data socket there is at most one other, driven in the same way. A ROUTER with CURVE
 * has the ZAP handler (RFC 27), which answers for each new connection whether its key is let in. It
 * says "300, try again" to wrong keys: told "400", libzmq's client would never connect again, even
 * after its key has been added. A DEALER has the monitor, because libzmq gives up a connection for
 * ever after a breach of protocol (a message above the limit, an endpoint that speaks something
 * else): a DISCONNECTED that no CONNECT_RETRIED follows. It is then connected anew.
 *
 * A DEALER queues nothing for a coordinator that is not there (ZMQ_IMMEDIATE), and what was queued
 * is lost with the connection: messages are about a state of things that is over by then, and what
 * must not be lost is repeated by its sender.
 */
#include "common/bus.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "common/bus_settings.h"
#include "common/log.h"
#include "common/mem.h"

enum { BUS_TURN_MESSAGES = 64, BUS_REVIVE_MS = 1000, BUS_LOG_EVERY_MS = 10000 };

static const char zap_endpoint[] = "inproc://zeromq.zap.01"; /* the address that RFC 27 gives */
static const char monitor_endpoint[] = "inproc://monitor";

/* A ZeroMQ socket on the loop. */
struct bus_socket {
    struct bus *bus;
    void *zmq;                     /* NULL if there is none */
    bool (*take)(struct bus *bus); /* takes one message; false if there is none */
    uv_poll_t poll;
    bool may_be_readable;
};

struct bus {
    uv_loop_t *loop;
    bool is_router;
    bool is_closing;
    bool is_connected; /* a DEALER, as far as the monitor says */
    bus_receive_fn receive;
    void *arg;
    void *context;
    struct bus_socket data;
    struct bus_socket side; /* ZAP handler of a ROUTER, monitor of a DEALER */
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t revive;
    unsigned open_handles;
    char endpoint[BUS_ENDPOINT_MAX];
    uint8_t (*allowed)[BUS_KEY_BYTES];
    size_t allowed_count;
    uint64_t connections;
    uint64_t refused;
    uint64_t malformed;
    uint64_t logged_ms; /* when the last line that a peer can provoke was written */
};

/* Reading */

/* A peer that is refused again and again must not fill the log. */
static bool is_log_due(struct bus *bus)
{
    uint64_t now_ms = uv_now(bus->loop);
    if (bus->logged_ms != 0 && now_ms - bus->logged_ms < BUS_LOG_EVERY_MS) {
        return false;
    }
    bus->logged_ms = now_ms;
    return true;
}

/* Receives all frames of a message, the first `max` of them into frames. Their number, which can be
 * larger than max; 0 if there is no message. */
static unsigned receive_frames(void *zmq, zmq_msg_t *frames, unsigned max)
{
    unsigned count = 0;
    int more = 1;
    while (more) {
        zmq_msg_t spare;
        zmq_msg_t *frame = count < max ? &frames[count] : &spare;
        zmq_msg_init(frame);
        int rc;
        do {
            rc = zmq_msg_recv(frame, zmq, ZMQ_DONTWAIT);
        } while (rc < 0 && errno == EINTR);
        if (rc < 0) {
            zmq_msg_close(frame);
            return 0; /* messages are atomic: only the first frame can be missing */
        }
        more = zmq_msg_more(frame);
        if (count >= max) {
            zmq_msg_close(frame);
        }
        count++;
    }
    return count;
}

static void close_frames(zmq_msg_t *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        zmq_msg_close(&frames[i]);
    }
}

static struct slice frame_view(zmq_msg_t *frame)
{
    return slice_of(zmq_msg_data(frame), zmq_msg_size(frame));
}

static bool take_message(struct bus *bus)
{
    enum { FRAMES_MAX = 3 };
    zmq_msg_t frames[FRAMES_MAX];
    unsigned first = bus->is_router ? 1 : 0; /* a ROUTER puts the peer before the message */
    unsigned count = receive_frames(bus->data.zmq, frames, FRAMES_MAX);
    if (count == 0) {
        return false;
    }
    if (count == first + 1 || count == first + 2) {
        struct slice none = slice_of(NULL, 0);
        bus->receive(bus->arg, first == 1 ? frame_view(&frames[0]) : none,
                     frame_view(&frames[first]),
                     count == first + 2 ? frame_view(&frames[first + 1]) : none);
    } else {
        bus->malformed++;
        if (is_log_due(bus)) {
            LOG_W("bus", "malformed", "frames=%u total=%" PRIu64, count, bus->malformed);
        }
    }
    close_frames(frames, count < FRAMES_MAX ? count : FRAMES_MAX);
    return true;
}

static void run_turn(struct bus_socket *socket)
{
    bool more = true;
    for (unsigned i = 0; i < BUS_TURN_MESSAGES && more && !socket->bus->is_closing; i++) {
        more = socket->take(socket->bus);
    }
    socket->may_be_readable = more;
}

/* Who may come in (RFC 27) */

static bool is_allowed(const struct bus *bus, struct slice key)
{
    for (size_t i = 0; i < bus->allowed_count; i++) {
        if (slice_equal(key, slice_of(bus->allowed[i], BUS_KEY_BYTES))) {
            return true;
        }
    }
    return false;
}

static void send_zap_reply(void *zmq, struct slice request_id, bool allow)
{
    const struct slice frames[] = {
        slice_str("1.0"), request_id,    slice_str(allow ? "200" : "300"),
        slice_str(""),    slice_str(""), slice_str(""),
    };
    const size_t count = sizeof(frames) / sizeof(frames[0]);
    for (size_t i = 0; i < count; i++) {
        int more = i + 1 < count ? ZMQ_SNDMORE : 0;
        zmq_send(zmq, frames[i].data, frames[i].len, more | ZMQ_DONTWAIT);
    }
}

/* version, request id, domain, address, identity, mechanism, and for CURVE the public key */
static bool take_zap_request(struct bus *bus)
{
    enum { ID = 1, ADDRESS = 3, MECHANISM = 5, KEY = 6, FRAMES = 7 };
    zmq_msg_t frames[FRAMES];
    unsigned count = receive_frames(bus->side.zmq, frames, FRAMES);
    if (count == 0) {
        return false;
    }
    bool allow = count == FRAMES && slice_is(frame_view(&frames[MECHANISM]), "CURVE") &&
                 is_allowed(bus, frame_view(&frames[KEY]));
    if (!allow) {
        bus->refused++;
        if (is_log_due(bus)) {
            struct slice address =
                count > ADDRESS ? frame_view(&frames[ADDRESS]) : slice_of(NULL, 0);
            LOG_W("bus", "refused", "address=%.*s total=%" PRIu64, (int)address.len,
                  address.len > 0 ? (const char *)address.data : "", bus->refused);
        }
    }
    send_zap_reply(bus->side.zmq, count > ID ? frame_view(&frames[ID]) : slice_of(NULL, 0), allow);
    close_frames(frames, count < FRAMES ? count : FRAMES);
    return true;
}

/* Connections that libzmq gives up */

static void on_revive(uv_timer_t *timer)
{
    struct bus *bus = timer->data;
    LOG_W("bus", "connecting_anew", "endpoint=%s", bus->endpoint);
    (void)zmq_disconnect(bus->data.zmq, bus->endpoint); /* else it counts as connected */
    if (zmq_connect(bus->data.zmq, bus->endpoint) != 0) {
        LOG_E("bus", "connect_failed", "endpoint=%s error=\"%s\"", bus->endpoint,
              zmq_strerror(errno));
    }
    bus->data.may_be_readable = true;
}

static void note_disconnected(struct bus *bus)
{
    if (bus->is_connected) {
        LOG_I("bus", "disconnected", "endpoint=%s", bus->endpoint);
    } else if (is_log_due(bus)) {
        LOG_W("bus", "not_let_in", "endpoint=%s hint=\"are the keys right on both ends?\"",
              bus->endpoint);
    }
    bus->is_connected = false;
    uv_timer_start(&bus->revive, on_revive, BUS_REVIVE_MS, 0);
}

/* u16 event and u32 value in the machine's byte order, then the endpoint */
static bool take_monitor_event(struct bus *bus)
{
    enum { FRAMES_MAX = 2 };
    zmq_msg_t frames[FRAMES_MAX];
    unsigned count = receive_frames(bus->side.zmq, frames, FRAMES_MAX);
    if (count == 0) {
        return false;
    }
    uint16_t event = 0;
    memcpy(&event, zmq_msg_data(&frames[0]), sizeof(event));
    close_frames(frames, count < FRAMES_MAX ? count : FRAMES_MAX);
    if (event == ZMQ_EVENT_DISCONNECTED) {
        note_disconnected(bus);
        return true;
    }
    uv_timer_stop(&bus->revive);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        bus->is_connected = true;
        bus->connections++;
        LOG_I("bus", "connected", "endpoint=%s", bus->endpoint);
    }
    return true;
}

/* The loop */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows at the next receive */
    (void)events;
    run_turn(poll->data);
}

static bool is_readable(struct bus_socket *socket)
{
    if (!socket->may_be_readable) {
        return false;
    }
    int events = 0;
    size_t len = sizeof(events);
    int rc = zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &len);
    assert(rc == 0 || errno == EINTR);
    socket->may_be_readable = rc != 0 || (events & ZMQ_POLLIN) != 0;
    return socket->may_be_readable;
}

static void on_idle(uv_idle_t *idle)
{
    struct bus *bus = idle->data;
    if (bus->data.may_be_readable) {
        run_turn(&bus->data);
    }
    if (bus->side.may_be_readable && !bus->is_closing) {
        run_turn(&bus->side);
    }
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct bus *bus = prepare->data;
    bool data = is_readable(&bus->data);
    bool side = is_readable(&bus->side);
    if (data || side) {
        uv_idle_start(&bus->idle, on_idle);
    } else {
        uv_idle_stop(&bus->idle);
    }
}

/* Opening */

static void set_linger(void *zmq, int linger_ms)
{
    int rc = zmq_setsockopt(zmq, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    assert(rc == 0);
}

static void take_allowed_keys(struct bus *bus, const char *const *keys)
{
    while (keys[bus->allowed_count] != NULL) {
        bus->allowed_count++;
    }
    bus->allowed = mem_zalloc(bus->allowed_count, sizeof(*bus->allowed));
    for (size_t i = 0; i < bus->allowed_count; i++) {
        zmq_z85_decode(bus->allowed[i], keys[i]);
    }
}

/* The handler must be there before the first connection: without one, libzmq lets everybody in. */
static void open_zap_handler(struct bus *bus)
{
    bus->side.take = take_zap_request;
    bus->side.zmq = zmq_socket(bus->context, ZMQ_REP);
    assert(bus->side.zmq != NULL);
    set_linger(bus->side.zmq, 0);
    int rc = zmq_bind(bus->side.zmq, zap_endpoint);
    assert(rc == 0);
}

static void open_monitor(struct bus *bus)
{
    bus->side.take = take_monitor_event;
    int rc = zmq_socket_monitor(bus->data.zmq, monitor_endpoint,
                                ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_DELAYED |
                                    ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED |
                                    ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert(rc == 0);
    bus->side.zmq = zmq_socket(bus->context, ZMQ_PAIR);
    assert(bus->side.zmq != NULL);
    set_linger(bus->side.zmq, 0);
    rc = zmq_connect(bus->side.zmq, monitor_endpoint);
    assert(rc == 0);
}

/* libzmq removes the file before it binds, even from under a process that listens there. */
static bool is_ipc_taken(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(endpoint);
    const char *path = endpoint + 6; /* "ipc://" */
    if (strncmp(endpoint, "ipc://", 6) != 0 || *path == '@' ||
        len - 6 >= sizeof(address.sun_path)) {
        return false;
    }
    memcpy(address.sun_path, path, len - 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool taken = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return taken;
}

static void keep_endpoint(struct bus *bus, const char *endpoint)
{
    size_t len = sizeof(bus->endpoint);
    if (!bus->is_router) {
        memcpy(bus->endpoint, endpoint, strlen(endpoint) + 1);
        return;
    }
    int rc = zmq_getsockopt(bus->data.zmq, ZMQ_LAST_ENDPOINT, bus->endpoint, &len);
    assert(rc == 0);
}

static enum err attach(struct bus *bus, const struct bus_settings *settings,
                       struct problem *problem)
{
    void *zmq = bus->data.zmq;
    const char *endpoint = settings->endpoint;
    if (bus->is_router && is_ipc_taken(endpoint)) {
        errno = EADDRINUSE;
    } else if ((bus->is_router ? zmq_bind(zmq, endpoint) : zmq_connect(zmq, endpoint)) == 0) {
        keep_endpoint(bus, endpoint);
        return ERR_OK;
    }
    if (errno == EADDRINUSE) {
        return problem_set(problem, ERR_CONFLICT,
                           "%s is in use: another process listens there, or choose another address",
                           endpoint);
    }
    return problem_set(problem, errno == EMFILE || errno == ENFILE ? ERR_IO : ERR_INVALID,
                       "cannot %s %s: %s", bus->is_router ? "listen at" : "connect to", endpoint,
                       zmq_strerror(errno));
}

static enum err open_sockets(struct bus *bus, const struct bus_settings *settings,
                             struct problem *problem)
{
    bus->context = zmq_ctx_new();
    if (bus->context != NULL) {
        bus->data.zmq = zmq_socket(bus->context, bus->is_router ? ZMQ_ROUTER : ZMQ_DEALER);
    }
    if (bus->data.zmq == NULL) {
        return problem_set(problem, ERR_IO, "no socket to be had: %s", zmq_strerror(errno));
    }
    bus->data.take = take_message;
    bus_settings_apply(settings, bus->data.zmq);
    if (!bus->is_router) {
        open_monitor(bus);
    } else if (settings->secret_key != NULL) {
        take_allowed_keys(bus, settings->allowed_keys);
        open_zap_handler(bus);
    }
    return attach(bus, settings, problem);
}

static void close_sockets(struct bus *bus, int linger_ms)
{
    if (bus->side.zmq != NULL) {
        zmq_close(bus->side.zmq);
    }
    if (bus->data.zmq != NULL) {
        set_linger(bus->data.zmq, linger_ms);
        zmq_close(bus->data.zmq);
    }
    if (bus->context != NULL) {
        while (zmq_ctx_term(bus->context) != 0 && errno == EINTR) {
        }
    }
}

static void bus_free(struct bus *bus)
{
    mem_free(bus->allowed);
    mem_free(bus);
}

static void add_handle(struct bus *bus, void *handle, void *data)
{
    ((uv_handle_t *)handle)->data = data;
    bus->open_handles++;
}

static bool add_socket(struct bus *bus, struct bus_socket *socket)
{
    socket->bus = bus;
    if (socket->zmq == NULL) {
        return true;
    }
    int fd = -1;
    size_t len = sizeof(fd);
    int rc = zmq_getsockopt(socket->zmq, ZMQ_FD, &fd, &len);
    assert(rc == 0);
    if (uv_poll_init(bus->loop, &socket->poll, fd) != 0) {
        return false;
    }
    add_handle(bus, &socket->poll, socket);
    socket->may_be_readable = true; /* edges before this moment were not seen */
    return uv_poll_start(&socket->poll, UV_READABLE, on_poll) == 0;
}

static enum err open_handles(struct bus *bus, struct problem *problem)
{
    uv_prepare_init(bus->loop, &bus->prepare);
    add_handle(bus, &bus->prepare, bus);
    uv_idle_init(bus->loop, &bus->idle);
    add_handle(bus, &bus->idle, bus);
    uv_timer_init(bus->loop, &bus->revive);
    add_handle(bus, &bus->revive, bus);
    uv_prepare_start(&bus->prepare, on_prepare);
    if (!add_socket(bus, &bus->data) || !add_socket(bus, &bus->side)) {
        return problem_set(problem, ERR_IO, "the loop does not take the socket of %s",
                           bus->endpoint);
    }
    return ERR_OK;
}

enum err bus_open(struct bus **out, uv_loop_t *loop, const struct bus_settings *settings,
                  bus_receive_fn receive, void *arg, struct problem *problem)
{
    enum err err = bus_settings_check(settings, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct bus *bus = mem_zalloc(1, sizeof(*bus));
    bus->loop = loop;
    bus->is_router = settings->bind;
    bus->receive = receive;
    bus->arg = arg;
    err = open_sockets(bus, settings, problem);
    if (err != ERR_OK) {
        close_sockets(bus, 0);
        bus_free(bus);
        return err;
    }
    err = open_handles(bus, problem);
    if (err != ERR_OK) {
        bus_close(bus, 0);
        return err;
    }
    *out = bus;
    return ERR_OK;
}

/* Using */

static bool send_frame(void *zmq, struct slice frame, int more)
{
    int rc;
    do {
        rc = zmq_send(zmq, frame.data, frame.len, more | ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc >= 0;
}

bool bus_send(struct bus *bus, struct slice peer, struct slice frame, struct slice payload)
{
    if (bus->is_closing) {
        return false;
    }
    void *zmq = bus->data.zmq;
    bus->data.may_be_readable = true;
    /* Refused is the first frame or none: what follows belongs to the same message. */
    if (bus->is_router && !send_frame(zmq, peer, ZMQ_SNDMORE)) {
        return false;
    }
    if (payload.len == 0) {
        return send_frame(zmq, frame, 0);
    }
    return send_frame(zmq, frame, ZMQ_SNDMORE) && send_frame(zmq, payload, 0);
}

const char *bus_endpoint(const struct bus *bus)
{
    return bus->endpoint;
}

uint64_t bus_connections(const struct bus *bus)
{
    return bus->connections;
}

uint64_t bus_refused(const struct bus *bus)
{
    return bus->refused;
}

static void on_closed(uv_handle_t *handle)
{
    struct bus *bus =
        handle->type == UV_POLL ? ((struct bus_socket *)handle->data)->bus : handle->data;
    if (--bus->open_handles == 0) {
        bus_free(bus);
    }
}

void bus_close(struct bus *bus, int linger_ms)
{
    assert(!bus->is_closing);
    bus->is_closing = true;
    uv_handle_t *const handles[] = {
        (uv_handle_t *)&bus->data.poll, (uv_handle_t *)&bus->side.poll,
        (uv_handle_t *)&bus->prepare,   (uv_handle_t *)&bus->idle,
        (uv_handle_t *)&bus->revive,
    };
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        if (handles[i]->type != UV_UNKNOWN_HANDLE) {
            uv_close(handles[i], on_closed);
        }
    }
    /* The descriptors are off the loop now and may go before the close callbacks come. */
    close_sockets(bus, linger_ms);
}
