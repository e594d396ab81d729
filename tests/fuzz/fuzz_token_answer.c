/* SPDX-License-Identifier: Apache-2.0 */
/* What a token endpoint, or whoever stands in its place, may answer. The first byte chooses the
 * status. A token that is taken can stand in a header; why none was is a line without quotes. */
#include <assert.h>
#include <string.h>

#include "coordinator/bearer/service_account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct access_token token;
    struct problem problem = {0};
    struct slice json = slice_of(data + 1, size - 1);
    if (access_token_read(&token, (data[0] & 1) != 0 ? 200 : 400, json, &problem) == ERR_OK) {
        assert(token.text.len > 0 && token.life_s >= 1 && token.life_s <= 86400);
        for (size_t i = 0; i < token.text.len; i++) {
            assert(token.text.data[i] > ' ' && token.text.data[i] < 0x7f);
        }
    } else {
        assert(strpbrk(problem.text, "\"\r\n") == NULL);
    }
    access_token_release(&token);
    return 0;
}
