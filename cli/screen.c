/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/slice.h"
#include "common/text.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX     1000

/* NULL also for an empty one. */
static const char *env_value(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}

void screen_init(struct screen *screen, FILE *file, bool has_unicode)
{
    const char *term = env_value("TERM");
    bool is_terminal = isatty(fileno(file)) == 1;
    *screen = (struct screen){
        .file = file,
        .is_live = is_terminal && term != NULL && strcmp(term, "dumb") != 0,
        .has_unicode = has_unicode,
    };
    screen->has_colour = screen->is_live && env_value("NO_COLOR") == NULL;
}

struct progress_style screen_style(const struct screen *screen)
{
    struct winsize size = {0};
    uint64_t columns = 0;
    if (ioctl(fileno(screen->file), TIOCGWINSZ, &size) == 0) {
        columns = size.ws_col;
    }
    if (columns == 0 && !text_number(slice_str(env_value("COLUMNS")), 1, COLUMNS_MAX, &columns)) {
        columns = COLUMNS_DEFAULT;
    }
    return (struct progress_style){.columns = (unsigned)columns,
                                   .has_colour = screen->has_colour,
                                   .has_unicode = screen->has_unicode};
}

static void screen_home(struct buf *out, const struct screen *screen)
{
    if (screen->lines > 0) {
        buf_printf(out, "\r\033[%uA", screen->lines);
    }
}

/* One write for the whole picture, so that nothing flickers. A line is cleared before its text is
 * written: behind a text as wide as the screen the cursor stands on its last character. */
void screen_draw(struct screen *screen, const struct buf *text)
{
    if (!screen->is_live) {
        return;
    }
    struct buf out = {0};
    unsigned lines = 0;
    screen_home(&out, screen);
    for (size_t i = 0; i < text->len; i++) {
        if (i == 0 || text->data[i - 1] == '\n') {
            buf_str(&out, "\033[K");
        }
        buf_u8(&out, text->data[i]);
        lines += text->data[i] == '\n' ? 1 : 0;
    }
    buf_str(&out, "\033[J");
    (void)fwrite(out.data, 1, out.len, screen->file);
    (void)fflush(screen->file);
    screen->lines = lines;
    buf_release(&out);
}

void screen_clear(struct screen *screen)
{
    struct buf nothing = {0};
    if (screen->lines > 0) {
        screen_draw(screen, &nothing);
    }
}

void screen_keep(struct screen *screen)
{
    screen->lines = 0;
}
