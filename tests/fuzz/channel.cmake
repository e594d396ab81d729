# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_channel_settings LIBS tocsin_channel)
tocsin_fuzzer(fuzz_http_answer LIBS tocsin_channel)
tocsin_fuzzer(fuzz_kannel_answer LIBS tocsin_channel)
tocsin_fuzzer(fuzz_mail_address LIBS tocsin_channel)
tocsin_fuzzer(fuzz_mime LIBS tocsin_channel)
tocsin_fuzzer(fuzz_smtp_dialogue LIBS tocsin_channel)
tocsin_fuzzer(fuzz_web_push_subscription LIBS tocsin_channel)
