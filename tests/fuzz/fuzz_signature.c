/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for a key, a certificate or a signature in settings, answers and headers: refused or
 * read, and nothing is signed by a key that was just read.
 */
#include <assert.h>

#include "coordinator/inbound/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct slice signature = slice_take_until(&rest, '\n');
    struct signature_key *keys[2] = {NULL, NULL};
    struct problem problem = {0};
    struct buf bytes = {0};
    bool is_base64 = signature_base64_decode(signature, &bytes);
    enum err read = signature_key_read(&keys[0], rest, &problem);
    assert((read == ERR_OK) == (keys[0] != NULL));
    enum err certified = signature_key_of_certificate(&keys[1], rest, 1764428400000, &problem);
    assert((certified == ERR_OK) == (keys[1] != NULL));
    for (unsigned i = 0; is_base64 && i < 2; i++) {
        if (keys[i] != NULL) {
            (void)signature_verify(keys[i], SIGNATURE_SHA256, &rest, 1, buf_view(&bytes));
        }
    }
    signature_key_free(keys[0]);
    signature_key_free(keys[1]);
    buf_release(&bytes);
    return 0;
}
