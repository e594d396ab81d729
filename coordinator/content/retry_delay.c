/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/retry_delay.h"

uint64_t retry_delay_ms(uint64_t tries, uint64_t salt)
{
    static const uint64_t delays_s[] = {5, 30, 120, 600, 1800, 3600, 7200};
    const uint64_t last = sizeof(delays_s) / sizeof(delays_s[0]) - 1;
    uint64_t delay_ms = delays_s[tries > last ? last : tries - 1] * 1000;
    return delay_ms - delay_ms / 10 + delay_ms / 5 * (salt * 37 % 100) / 100;
}
