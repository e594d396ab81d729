/* SPDX-License-Identifier: Apache-2.0 */
#include "common/locale.h"

#include <string.h>

bool locale_normalize(struct slice locale, char out[LOCALE_NAME_MAX + 1])
{
    if (locale.len > LOCALE_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < locale.len; i++) {
        uint8_t c = locale.data[i];
        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c - 'A' + 'a');
        }
        out[i] = (char)(c == '_' ? '-' : c);
    }
    out[locale.len] = '\0';
    return true;
}

static int find(const char *const *names, unsigned count, const char *locale, size_t len)
{
    for (unsigned i = 0; i < count; i++) {
        if (strncmp(names[i], locale, len) == 0 && names[i][len] == '\0') {
            return (int)i;
        }
    }
    return -1;
}

int locale_find(const char *const *names, unsigned count, struct slice wanted)
{
    char locale[LOCALE_NAME_MAX + 1];
    int found = -1;
    size_t len = locale_normalize(wanted, locale) ? strlen(locale) : 0;
    while (found < 0 && len > 0) {
        found = find(names, count, locale, len);
        do {
            len--;
        } while (len > 0 && locale[len] != '-');
    }
    return found;
}

int locale_choose(const char *const *names, unsigned count, struct slice wanted)
{
    int chosen = locale_find(names, count, wanted);
    if (chosen < 0) {
        chosen = find(names, count, "", 0);
    }
    return chosen < 0 && count > 0 ? 0 : chosen;
}
