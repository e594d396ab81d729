/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/yaml_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/mem.h"
#include "common/text.h"
#include "common/yaml_scalar.h"

/* libyaml's readers take documents that are not const, and change nothing. */
struct yaml_tree {
    yaml_document_t *document;
};

struct json_writer {
    yaml_document_t *document;
    struct buf *buf;
    size_t start;
    struct problem *problem;
};

/* Numbers of nodes come from the document itself, so the node is there. */
static yaml_node_t *node_of(yaml_document_t *document, int number)
{
    yaml_node_t *node = yaml_document_get_node(document, number);
    assert(node != NULL);
    return node;
}

static struct slice scalar_of(const yaml_node_t *node)
{
    return slice_of(node->data.scalar.value, node->data.scalar.length);
}

/* ---- paths ---- */

static yaml_node_t *member(yaml_document_t *document, const yaml_node_t *node, struct slice key)
{
    if (node->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = node_of(document, pair->key);
        if (name->type == YAML_SCALAR_NODE && slice_equal(scalar_of(name), key)) {
            return node_of(document, pair->value);
        }
    }
    return NULL;
}

static yaml_node_t *entry(yaml_document_t *document, const yaml_node_t *node, size_t index)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return NULL;
    }
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return index < count ? node_of(document, node->data.sequence.items.start[index]) : NULL;
}

/* Walks as far as it can; *found says whether that was all of the path. */
static yaml_node_t *walk(yaml_document_t *document, const char *path, bool *found)
{
    yaml_node_t *node = yaml_document_get_root_node(document);
    *found = false;
    while (node != NULL && *path != '\0') {
        yaml_node_t *next;
        if (*path == '[') {
            char *end;
            next = entry(document, node, strtoul(path + 1, &end, 10));
            path = *end == ']' ? end + 1 : end;
        } else {
            size_t len = strcspn(path, ".[");
            next = member(document, node, slice_of(path, len));
            path += len;
        }
        path += *path == '.';
        if (next == NULL) {
            return node;
        }
        node = next;
    }
    *found = node != NULL;
    return node;
}

/* ---- JSON ---- */

static enum err refuse(struct json_writer *writer, const yaml_node_t *node, enum err err,
                       const char *what)
{
    return problem_set(writer->problem, err, "line %zu: %s", node->start_mark.line + 1, what);
}

static enum err put_scalar(struct json_writer *writer, const yaml_node_t *node)
{
    struct slice value = scalar_of(node);
    bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                    strcmp((const char *)node->tag, YAML_STR_TAG) == 0;
    enum yaml_scalar kind = yaml_scalar_kind(value, is_plain);
    switch (kind) {
    case YAML_SCALAR_STRING:
        buf_u8(writer->buf, '"');
        text_json_escape(writer->buf, value);
        buf_u8(writer->buf, '"');
        return ERR_OK;
    case YAML_SCALAR_NULL:
        buf_str(writer->buf, "null");
        return ERR_OK;
    case YAML_SCALAR_WORD:
        buf_slice(writer->buf, value);
        return ERR_OK;
    case YAML_SCALAR_TOO_LARGE:
    case YAML_SCALAR_ZERO_BYTE:
        break;
    }
    return refuse(writer, node, ERR_INVALID, yaml_scalar_complaint(kind));
}

static enum err put_node(struct json_writer *writer, const yaml_node_t *node, unsigned depth);

static enum err put_sequence(struct json_writer *writer, const yaml_node_t *node, unsigned depth)
{
    buf_u8(writer->buf, '[');
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        if (item > node->data.sequence.items.start) {
            buf_u8(writer->buf, ',');
        }
        enum err err = put_node(writer, node_of(writer->document, *item), depth + 1);
        if (err != ERR_OK) {
            return err;
        }
    }
    buf_u8(writer->buf, ']');
    return ERR_OK;
}

static enum err put_mapping(struct json_writer *writer, const yaml_node_t *node, unsigned depth)
{
    buf_u8(writer->buf, '{');
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_of(writer->document, pair->key);
        const yaml_node_t *value = node_of(writer->document, pair->value);
        if (key->type != YAML_SCALAR_NODE ||
            memchr(key->data.scalar.value, 0, key->data.scalar.length) != NULL) {
            return refuse(writer, key, ERR_INVALID, "a key must be a word");
        }
        if (member(writer->document, node, scalar_of(key)) != value) {
            return refuse(writer, key, ERR_INVALID, "the key stands here a second time");
        }
        buf_str(writer->buf, pair > node->data.mapping.pairs.start ? ",\"" : "\"");
        text_json_escape(writer->buf, scalar_of(key));
        buf_str(writer->buf, "\":");
        enum err err = put_node(writer, value, depth + 1);
        if (err != ERR_OK) {
            return err;
        }
    }
    buf_u8(writer->buf, '}');
    return ERR_OK;
}

static enum err put_node(struct json_writer *writer, const yaml_node_t *node, unsigned depth)
{
    if (depth > YAML_TREE_DEPTH_MAX || writer->buf->len - writer->start > YAML_TREE_JSON_MAX) {
        return refuse(writer, node, ERR_LIMIT, "too much, or too deeply nested");
    }
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return put_scalar(writer, node);
    case YAML_SEQUENCE_NODE:
        return put_sequence(writer, node, depth);
    case YAML_MAPPING_NODE:
        return put_mapping(writer, node, depth);
    case YAML_NO_NODE:
        break;
    }
    return refuse(writer, node, ERR_INVALID, "nothing stands here");
}

/* ---- the tree ---- */

enum err yaml_tree_new(struct yaml_tree **out, struct slice text, struct problem *problem)
{
    struct yaml_tree *tree = mem_zalloc(1, sizeof(*tree));
    yaml_parser_t parser;
    enum err err = ERR_OK;
    *out = NULL;
    tree->document = mem_zalloc(1, sizeof(*tree->document));
    if (yaml_parser_initialize(&parser) == 0) {
        mem_free(tree->document);
        mem_free(tree);
        return problem_set(problem, ERR_IO, "the YAML parser could not be started");
    }
    yaml_parser_set_input_string(&parser, text.len == 0 ? (const uint8_t *)"" : text.data,
                                 text.len);
    if (yaml_parser_load(&parser, tree->document) == 0) {
        err = problem_set(problem, ERR_INVALID, "line %zu: %s", parser.problem_mark.line + 1,
                          parser.problem == NULL ? "this is no YAML" : parser.problem);
        mem_free(tree->document);
        mem_free(tree);
    } else {
        *out = tree;
    }
    yaml_parser_delete(&parser);
    return err;
}

void yaml_tree_free(struct yaml_tree *tree)
{
    if (tree != NULL) {
        yaml_document_delete(tree->document);
        mem_free(tree->document);
        mem_free(tree);
    }
}

bool yaml_tree_has(const struct yaml_tree *tree, const char *path)
{
    bool found;
    (void)walk(tree->document, path, &found);
    return found;
}

unsigned yaml_tree_line(const struct yaml_tree *tree, const char *path)
{
    bool found;
    const yaml_node_t *node = walk(tree->document, path, &found);
    return node == NULL ? 1 : (unsigned)node->start_mark.line + 1;
}

enum err yaml_tree_json(const struct yaml_tree *tree, const char *path, struct buf *buf,
                        struct problem *problem)
{
    bool found;
    const yaml_node_t *node = walk(tree->document, path, &found);
    if (!found || node == NULL) {
        return problem_set(problem, ERR_NOT_FOUND, "there is no \"%s\"", path);
    }
    struct json_writer writer = {tree->document, buf, buf->len, problem};
    enum err err = put_node(&writer, node, 0);
    if (err != ERR_OK) {
        buf->len = writer.start;
    }
    return err;
}
