/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed: files as C, so that a program can serve them by itself. Runs while Tocsin is built.
 *
 *     embed OUT.c /path=FILE /folder/=DIRECTORY …
 *
 * OUT.c defines `assets` of coordinator/api/asset.h: each file as it is, and deflated if that makes
 * it smaller. The files of a directory get its path and their names, in the order of the names; it
 * is not looked through for others. The same files always give the same OUT.c.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define FILES_MAX       256
#define BYTES_A_LINE    24
#define GZIP_WINDOW     (15 + 16)
#define GZIP_MEMORY     9
#define WORTH_DEFLATING 256 /* bytes: less goes into one packet anyway */

struct body {
    uint8_t *data;
    size_t len;
};

struct entry {
    char *url;
    const char *type;
    uint64_t hash;
};

static struct entry entries[FILES_MAX];
static unsigned entry_count;

static void die(const char *what, const char *name)
{
    (void)fprintf(stderr, "embed: %s: %s\n", what, name);
    exit(1);
}

static void *must(void *memory)
{
    if (memory == NULL) {
        die("no memory", "");
    }
    return memory;
}

static char *join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *both = must(malloc(size));
    (void)snprintf(both, size, "%s%s", a, b);
    return both;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".json", "application/json"},
        {".yaml", "application/yaml"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(ending, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    die("no type is known for this ending; add it to types", name);
    return NULL;
}

static struct body read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    struct stat stat;
    if (file == NULL || fstat(fileno(file), &stat) != 0) {
        die("cannot be read", name);
    }
    struct body body = {must(malloc((size_t)stat.st_size + 1)), (size_t)stat.st_size};
    if (fread(body.data, 1, body.len, file) != body.len) {
        die("cannot be read", name);
    }
    (void)fclose(file);
    return body;
}

/* Without a name or a time in its head, so that it is the same every time. */
static struct body deflated(struct body of, const char *name)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        die("cannot be deflated", name);
    }
    size_t room = deflateBound(&stream, of.len);
    struct body body = {must(malloc(room)), 0};
    stream.next_in = of.data;
    stream.avail_in = (uInt)of.len;
    stream.next_out = body.data;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        die("cannot be deflated", name);
    }
    body.len = stream.total_out;
    (void)deflateEnd(&stream);
    return body;
}

static uint64_t hash_of(struct body body) /* FNV-1a */
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < body.len; i++) {
        hash = (hash ^ body.data[i]) * 0x100000001b3U;
    }
    return hash;
}

static void write_body(FILE *out, const char *name, unsigned number, struct body body)
{
    (void)fprintf(out, "static const uint8_t %s_%u[] = {", name, number);
    for (size_t i = 0; i < body.len; i++) {
        (void)fprintf(out, "%s%u,", i % BYTES_A_LINE == 0 ? "\n" : "", body.data[i]);
    }
    (void)fprintf(out, "%s};\n", body.len == 0 ? "0" : "");
}

static void add_file(FILE *out, char *take_url, const char *name)
{
    struct body plain = read_file(name);
    struct body gzip = deflated(plain, name);
    if (entry_count == FILES_MAX) {
        die("too many files", name);
    }
    if (plain.len < WORTH_DEFLATING || gzip.len >= plain.len) {
        gzip.len = 0;
    }
    write_body(out, "plain", entry_count, plain);
    write_body(out, "gzip", entry_count, gzip);
    (void)fprintf(out, "enum { plain_%u_bytes = %zu, gzip_%u_bytes = %zu };\n", entry_count,
                  plain.len, entry_count, gzip.len);
    entries[entry_count++] = (struct entry){take_url, type_of(name), hash_of(plain)};
    free(plain.data);
    free(gzip.data);
}

static int is_seen(const struct dirent *file)
{
    return file->d_name[0] != '.';
}

static void add_directory(FILE *out, const char *url, const char *name)
{
    struct dirent **files;
    int count = scandir(name, &files, is_seen, alphasort);
    if (count < 0) {
        die("cannot be read", name);
    }
    char *folder = join(name, "/");
    for (int i = 0; i < count; i++) {
        char *path = join(folder, files[i]->d_name);
        add_file(out, join(url, files[i]->d_name), path);
        free(path);
        free(files[i]);
    }
    free(folder);
    free(files);
}

static void write_table(FILE *out)
{
    (void)fprintf(out, "const struct asset assets[] = {\n");
    for (unsigned i = 0; i < entry_count; i++) {
        (void)fprintf(out,
                      "    {\"%s\", \"%s\", \"%016llx\", {plain_%u, plain_%u_bytes}, {gzip_%u, "
                      "gzip_%u_bytes}},\n",
                      entries[i].url, entries[i].type, (unsigned long long)entries[i].hash, i, i, i,
                      i);
        free(entries[i].url);
    }
    (void)fprintf(out, "    {NULL, NULL, NULL, {NULL, 0}, {NULL, 0}},\n};\n");
}

int main(int argc, char **argv)
{
    FILE *out = argc < 2 ? NULL : fopen(argv[1], "w");
    if (out == NULL) {
        die("cannot be written", argc < 2 ? "no file is named" : argv[1]);
    }
    (void)fprintf(out, "/* Written by cmake/embed.c. */\n#include \"coordinator/api/asset.h\"\n\n");
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals == NULL) {
            die("/path=FILE is needed", argv[i]);
        }
        *equals = '\0';
        if (equals[-1] == '/' && equals - argv[i] > 1) {
            add_directory(out, argv[i], equals + 1);
        } else {
            add_file(out, join(argv[i], ""), equals + 1);
        }
    }
    write_table(out);
    if (ferror(out) != 0 || fclose(out) != 0) {
        die("cannot be written", argv[1]);
    }
    return 0;
}
