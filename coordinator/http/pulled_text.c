/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/pulled_text.h"

#include <string.h>

void pulled_text_release(struct pulled_text *pulled)
{
    buf_release(&pulled->text);
}

bool pulled_text_is_sent(const struct pulled_text *pulled)
{
    return pulled->sent == pulled->text.len;
}

void pulled_text_begin(struct pulled_text *pulled)
{
    buf_clear(&pulled->text);
    pulled->sent = 0;
}

long pulled_text_take(struct pulled_text *pulled, uint8_t *into, size_t room)
{
    size_t left = pulled->text.len - pulled->sent;
    size_t taken = left < room ? left : room;
    if (taken > 0) {
        memcpy(into, pulled->text.data + pulled->sent, taken);
        pulled->sent += taken;
    }
    return (long)taken;
}
