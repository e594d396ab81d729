/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_tree: a YAML text as a tree, for what a schema cannot say: on which line a value stands, and
 * a part whose keys only others know, as JSON.
 *
 * A path is keys joined by `.` and places of a list in brackets: "providers[2].settings". A key
 * with a dot in it cannot be reached.
 */
#ifndef TOCSIN_COORDINATOR_YAML_TREE_H
#define TOCSIN_COORDINATOR_YAML_TREE_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define YAML_TREE_DEPTH_MAX 32
#define YAML_TREE_JSON_MAX  ((size_t)256 * 1024) /* bytes of JSON that one call writes */

struct yaml_tree;

/* An empty text is an empty tree. ERR_INVALID with the line. */
enum err yaml_tree_new(struct yaml_tree **out, struct slice text,
                       struct problem *problem) WARN_UNUSED;
void yaml_tree_free(struct yaml_tree *tree); /* NULL is fine */
bool yaml_tree_has(const struct yaml_tree *tree, const char *path);
/* The line, from 1, of what stands at `path`, or of the nearest thing above it that is there. */
unsigned yaml_tree_line(const struct yaml_tree *tree, const char *path);
/* Appends what stands at `path` as JSON. Plain null, ~, true, false and JSON's numbers are taken
 * for what they look like, all other scalars for strings. ERR_NOT_FOUND; ERR_INVALID for a key
 * twice or one that is no scalar, for a number that no reader could hold and for a zero byte;
 * ERR_LIMIT for too much or too deep (aliases can make a tree endless). Nothing is left in buf on
 * error. */
enum err yaml_tree_json(const struct yaml_tree *tree, const char *path, struct buf *buf,
                        struct problem *problem) WARN_UNUSED;

#endif
