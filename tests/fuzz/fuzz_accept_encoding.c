/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser's Accept-Encoding and If-None-Match. Gzip goes to nobody whose header has not its name
 * or a star in it, and what stands behind the word changes nothing; a tag that is known is written
 * out in the header.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "coordinator/api/asset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf header = {0};
    buf_slice(&header, slice_of(data, size));
    const char *text = buf_cstr(&header);
    bool takes = asset_takes_gzip(text);
    assert(!takes || strcasestr(text, "gzip") != NULL || strchr(text, '*') != NULL);
    bool is_known = asset_is_known(text, "\"ab\"");
    assert(!is_known || strstr(text, "\"ab\"") != NULL || strchr(text, '*') != NULL);
    struct buf more = {0};
    buf_printf(&more, "gzip,%s", text);
    assert(asset_takes_gzip(buf_cstr(&more)));
    buf_clear(&more);
    buf_printf(&more, "gzip;q=0,%s", text);
    assert(!asset_takes_gzip(buf_cstr(&more)));
    buf_clear(&more);
    buf_printf(&more, "%s,\"ab\"", text);
    assert(asset_is_known(buf_cstr(&more), "\"ab\""));
    buf_release(&more);
    buf_release(&header);
    return 0;
}
