/* SPDX-License-Identifier: Apache-2.0 */
#include "common/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#define SIGNALS 3

static const int interrupt_signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t interrupt_flag;

static void interrupt_on_signal(int signal)
{
    (void)signal;
    interrupt_flag = 1;
}

void interrupt_init(void)
{
    struct sigaction action = {.sa_handler = interrupt_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) {
        struct sigaction before;
        /* What nohup or a shell's background job ignores stays ignored. */
        if (sigaction(interrupt_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(interrupt_signals[i], &action, NULL);
        }
    }
}

bool interrupt_is_asked(void)
{
    return interrupt_flag != 0;
}

/* In slices, so that a signal that comes just before the sleep costs one of them at most. */
bool interrupt_sleep_ms(uint32_t ms)
{
    const uint32_t slice_ms = 100;
    while (ms > 0 && !interrupt_is_asked()) {
        uint32_t now_ms = ms < slice_ms ? ms : slice_ms;
        struct timespec span = {now_ms / 1000, (long)(now_ms % 1000) * 1000000};
        (void)nanosleep(&span, NULL);
        ms -= now_ms;
    }
    return !interrupt_is_asked();
}
