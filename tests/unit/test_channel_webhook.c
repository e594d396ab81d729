/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a webhook's settings that cannot work. What is sent is a matter of the system
 * tests. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"

static uv_loop_t loop;
static struct problem problem;

static enum err open_and_close(const char *settings)
{
    struct channel_context context = {.loop = &loop};
    struct wire_provider provider = {.name = "w", .adapter = "webhook", .settings = settings};
    struct channel *channel;
    problem = (struct problem){0};
    enum err err = channel_open(&channel, &context, &provider, &problem);
    if (err == ERR_OK) {
        channel->adapter->close(channel);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    return err;
}

static void assert_refused(const char *settings, enum err err, const char *because)
{
    assert_int_equal(open_and_close(settings), err);
    assert_string_equal(problem.text, because);
}

#define KEYS "\"keys\":[\"env:TOCSIN_TEST_KEY\"]"

static void settings_that_can_work_open(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "{" KEYS "}",
        "{\"key_variable\":\"hook_key\"}",
        "{" KEYS ",\"allow_private\":true,\"allow_http\":true,\"timeout\":\"2s\"}",
        "{" KEYS ",\"allow_private\":[\"10.0.0.0/8\",\"fd12::/48\",\"192.168.1.7\"]}",
        "{" KEYS ",\"type\":\"a.b\",\"data\":{\"n\":1,\"x\":{\"y\":[\"{{incident}}\"]}}}",
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (open_and_close(settings[i]) != ERR_OK) {
            fail_msg("%s: %s", settings[i], problem.text);
        }
    }
}

static void keys_are_needed_and_must_be_keys(void **state)
{
    (void)state;
    assert_refused("{}", ERR_INVALID,
                   "provider \"w\": keys is missing: a list of references to keys, newest first "
                   "(or key_variable, if each recipient has his own)");
    assert_refused("{\"keys\":[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]}", ERR_INVALID,
                   "provider \"w\": keys[0]: a secret is given by reference: env:NAME or "
                   "file:/path");
    assert_refused("{\"keys\":[\"env:TOCSIN_TEST_KEY\",\"env:TOCSIN_TEST_SHORT\"]}", ERR_INVALID,
                   "provider \"w\": keys[1]: what stands at env:TOCSIN_TEST_SHORT is no key: "
                   "whsec_ and 24 to 64 bytes in base64 is needed");
    assert_refused("{\"keys\":[\"env:TOCSIN_TEST_NONE\"]}", ERR_NOT_FOUND,
                   "provider \"w\": keys[0]: the environment has no variable TOCSIN_TEST_NONE "
                   "(from env:TOCSIN_TEST_NONE)");
    assert_refused("{\"keys\":[7]}", ERR_INVALID,
                   "provider \"w\": keys[0] must be a reference to a key: env:NAME or file:/path");
    assert_refused("{\"keys\":[\"env:A\",\"env:A\",\"env:A\",\"env:A\",\"env:A\"]}", ERR_INVALID,
                   "provider \"w\": keys has 5 entries, at most 4 are allowed");
}

static void networks_must_be_networks(void **state)
{
    (void)state;
    assert_refused("{" KEYS ",\"allow_private\":\"10.0.0.0/8\"}", ERR_INVALID,
                   "provider \"w\": allow_private must be true, false, or a list of up to 64 "
                   "networks such as 10.1.0.0/16 or fd12::/48");
    assert_refused("{" KEYS ",\"allow_private\":[\"10.0.0.1/8\"]}", ERR_INVALID,
                   "provider \"w\": allow_private: \"10.0.0.1/8\" is no network such as "
                   "10.1.0.0/16 or fd12::/48");
}

static void templates_and_files_are_checked(void **state)
{
    (void)state;
    assert_refused(
        "{" KEYS ",\"data\":{\"x\":\"{{to\"}}", ERR_INVALID,
        "provider \"w\": data: line 1, column 11: \"}}\" is missing after the name \"to\"");
    assert_refused("{" KEYS ",\"data\":{\"x\":\"{{text|raw}}\\\"\"},\"ca_file\":\"/nowhere\"}",
                   ERR_NOT_FOUND,
                   "provider \"w\": ca_file /nowhere cannot be read: No such file or directory");
}

static int setup(void **state)
{
    (void)state;
    (void)setenv("TOCSIN_TEST_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
    (void)setenv("TOCSIN_TEST_SHORT", "whsec_MfKQ9r8G", 1);
    return uv_loop_init(&loop);
}

static int teardown(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_can_work_open),
        cmocka_unit_test(keys_are_needed_and_must_be_keys),
        cmocka_unit_test(networks_must_be_networks),
        cmocka_unit_test(templates_and_files_are_checked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
