/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_http URL COUNT CONNECTIONS [FILE]
 *
 * The least that a POST of 300 bytes, or of the file, through libcurl costs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/floor_post.h"

#define BODY_MAX_BYTES 1000000

static size_t read_body(const char *path, char *body)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    size_t len = fread(body, 1, BODY_MAX_BYTES, file);
    (void)fclose(file);
    return len;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: bench_floor_http URL COUNT CONNECTIONS [FILE]\n");
        return 2;
    }
    static char body[BODY_MAX_BYTES];
    struct floor_post post;
    floor_post_init(&post, argv[1], (unsigned)strtoul(argv[3], NULL, 10));
    if (argc == 5) {
        post.body = body;
        post.body_bytes = read_body(argv[4], body);
    }
    struct curl_floor_figures figures = floor_post_run(&post, strtoull(argv[2], NULL, 10));
    curl_floor_print(&figures);
    floor_post_release(&post);
    return figures.failed == 0 ? 0 : 1;
}
