/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses the escaping, the rest is a template. Names that begin with `x` are
 * unknown, those that begin with `m` have no value.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NUMBER_MISSING 7

static int resolve(void *arg, struct slice name)
{
    (void)arg;
    assert(name.len > 0);
    switch (name.data[0]) {
    case 'x':
        return -1;
    case 'm':
        return NUMBER_MISSING;
    default:
        return (int)(name.len % NUMBER_MISSING);
    }
}

static bool value_of(void *arg, int number, struct slice *value)
{
    (void)arg;
    *value = slice_str("<\"a&b'\\\n\x01 \xc3\xa9>");
    return number != NUMBER_MISSING;
}

static void see_number(void *arg, int number)
{
    bool *has_missing = arg;
    assert(number >= 0 && number <= NUMBER_MISSING);
    *has_missing = *has_missing || number == NUMBER_MISSING;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct template *template;
    struct problem problem = {0};
    enum err err = template_new(&template, slice_of(data + 1, size - 1),
                                (enum template_escape)(data[0] % 4), resolve, NULL, &problem);
    if (err != ERR_OK) {
        assert(problem.err == err && problem.text[0] != '\0');
        return 0;
    }
    bool has_missing = false;
    template_numbers(template, see_number, &has_missing);
    struct buf out = {0};
    int missing = template_fill(template, &out, value_of, NULL);
    assert(missing == (has_missing ? NUMBER_MISSING : -1));
    buf_release(&out);
    template_free(template);
    return 0;
}
