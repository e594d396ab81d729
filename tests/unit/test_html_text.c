/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/html_text.h"
#include "tests/unit/unit.h"

static struct buf out;

static const char *text(const char *html)
{
    buf_clear(&out);
    html_text(&out, slice_str(html));
    return buf_cstr(&out);
}

static void tags_go_and_blocks_begin_lines(void **state)
{
    (void)state;
    assert_string_equal(text("<p>Hello <b>you</b></p>\n <p>bye</p>"), "Hello you\nbye\n");
    assert_string_equal(text("a<br/>b<BR>c"), "a\nb\nc");
    assert_string_equal(text("one   two\r\n three"), "one two three");
    assert_string_equal(text("<a title='x>y' href=\"z\">link</a>"), "link");
}

static void entities_become_characters(void **state)
{
    (void)state;
    assert_string_equal(text("&lt;b&gt; &amp;amp; &#65;&#x42; &euro;"), "<b> &amp; AB €");
    assert_string_equal(text("a&nbsp;&nbsp;b"), "a b");
    assert_string_equal(text("AT&T &bogus; &#xD800; &#0;"),
                        "AT&T &bogus; \xef\xbf\xbd \xef\xbf\xbd");
    assert_string_equal(text("x &"), "x &");
}

static void nothing_of_style_script_head_and_comments_stays(void **state)
{
    (void)state;
    assert_string_equal(text("<head><meta x><title>t</title></head>a<style>b{}</style><!-- c -->d"),
                        "ad");
    assert_string_equal(text("a<script>if (x<y) z()</script>b<script>open"), "ab");
    assert_string_equal(text("3 < 4 and <5"), "3 < 4 and <5");
}

static void what_is_quoted_is_one_line(void **state)
{
    (void)state;
    assert_string_equal(text("mine<blockquote>his<blockquote>hers</blockquote>x</blockquote>more"),
                        "mine\n>\nmore");
    assert_string_equal(text("mine<div class=\"gmail_quote\">copy</div>"), "mine");
    assert_string_equal(text("mine<hr><div id=\"divRplyFwdMsg\">copy</div>"), "mine\n");
    assert_string_equal(text("a</blockquote>b"), "a\nb");
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_go_and_blocks_begin_lines),
        cmocka_unit_test(entities_become_characters),
        cmocka_unit_test(nothing_of_style_script_head_and_comments_stays),
        cmocka_unit_test(what_is_quoted_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
