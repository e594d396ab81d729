/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/chunk_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"

enum { SLAB_CHUNKS = 128 };

struct chunk_store {
    char *dir;
    int fd; /* -1 until memory is used up */
    uint32_t count;
    uint32_t in_memory_max;
    uint8_t **slabs; /* of SLAB_CHUNKS each */
};

static enum err failed(const char *what, const char *dir, int number, struct problem *problem)
{
    char reason[128];
    enum err err = err_from_errno(number);
    return problem_set(problem, err,
                       "%s the temporary file in %s: %s (TMPDIR says where it is made)", what, dir,
                       strerror_r(number, reason, sizeof(reason)));
}

/* Some file systems cannot make a file without a name; there it loses its name at once. */
static int open_nameless(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) {
        return fd;
    }
    struct buf path = {0};
    buf_printf(&path, "%s/tocsin-XXXXXX", dir);
    (void)buf_cstr(&path);
    fd = mkostemp((char *)path.data, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink((const char *)path.data);
    }
    buf_release(&path);
    return fd;
}

static enum err put_in_file(struct chunk_store *store, const uint8_t *chunk,
                            struct problem *problem)
{
    if (store->fd < 0) {
        store->fd = open_nameless(store->dir);
        if (store->fd < 0) {
            return failed("cannot make", store->dir, errno, problem);
        }
    }
    off_t at = (off_t)(store->count - store->in_memory_max) * CHUNK_BYTES;
    for (size_t done = 0; done < CHUNK_BYTES;) {
        ssize_t len = pwrite(store->fd, chunk + done, CHUNK_BYTES - done, at + (off_t)done);
        if (len < 0 && errno != EINTR) {
            return failed("cannot write", store->dir, errno, problem);
        }
        done += len < 0 ? 0 : (size_t)len;
    }
    return ERR_OK;
}

static enum err get_from_file(const struct chunk_store *store, uint32_t number, uint8_t *chunk,
                              struct problem *problem)
{
    off_t at = (off_t)(number - store->in_memory_max) * CHUNK_BYTES;
    for (size_t done = 0; done < CHUNK_BYTES;) {
        ssize_t len = pread(store->fd, chunk + done, CHUNK_BYTES - done, at + (off_t)done);
        if (len == 0 || (len < 0 && errno != EINTR)) {
            return failed("cannot read", store->dir, len == 0 ? EIO : errno, problem);
        }
        done += len < 0 ? 0 : (size_t)len;
    }
    return ERR_OK;
}

static uint8_t *in_memory(const struct chunk_store *store, uint32_t number)
{
    return store->slabs[number / SLAB_CHUNKS] + (size_t)(number % SLAB_CHUNKS) * CHUNK_BYTES;
}

struct chunk_store *chunk_store_new(const char *dir, size_t memory_bytes)
{
    const char *elsewhere = secure_getenv("TMPDIR");
    struct chunk_store *store = mem_zalloc(1, sizeof(*store));
    store->dir = mem_copy_str(dir != NULL ? dir : elsewhere != NULL ? elsewhere : "/var/tmp");
    store->fd = -1;
    store->in_memory_max = (uint32_t)(memory_bytes / CHUNK_BYTES);
    store->slabs = mem_zalloc(store->in_memory_max / SLAB_CHUNKS + 1, sizeof(*store->slabs));
    return store;
}

void chunk_store_free(struct chunk_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->fd >= 0) {
        (void)close(store->fd);
    }
    for (uint32_t i = 0; i <= store->in_memory_max / SLAB_CHUNKS; i++) {
        mem_free(store->slabs[i]);
    }
    mem_free(store->slabs);
    mem_free(store->dir);
    mem_free(store);
}

enum err chunk_store_put(struct chunk_store *store, const void *chunk, struct problem *problem)
{
    if (store->count >= store->in_memory_max) {
        enum err err = put_in_file(store, chunk, problem);
        store->count += err == ERR_OK;
        return err;
    }
    uint8_t **slab = &store->slabs[store->count / SLAB_CHUNKS];
    if (*slab == NULL) {
        *slab = mem_alloc((size_t)SLAB_CHUNKS * CHUNK_BYTES);
    }
    memcpy(in_memory(store, store->count++), chunk, CHUNK_BYTES);
    return ERR_OK;
}

enum err chunk_store_get(struct chunk_store *store, uint32_t number, void *chunk,
                         struct problem *problem)
{
    assert(number < store->count);
    if (number >= store->in_memory_max) {
        return get_from_file(store, number, chunk, problem);
    }
    memcpy(chunk, in_memory(store, number), CHUNK_BYTES);
    return ERR_OK;
}

uint32_t chunk_store_count(const struct chunk_store *store)
{
    return store->count;
}
