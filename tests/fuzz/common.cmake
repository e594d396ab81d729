# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_sms_text LIBS tocsin_common)
tocsin_fuzzer(fuzz_template LIBS tocsin_common)
tocsin_fuzzer(fuzz_time_zone LIBS tocsin_common)
tocsin_fuzzer(fuzz_trace_context LIBS tocsin_common)
tocsin_fuzzer(fuzz_webhook_key LIBS tocsin_common)
tocsin_fuzzer(fuzz_yaml_json LIBS tocsin_yaml)
