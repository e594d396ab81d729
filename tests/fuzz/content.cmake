# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_audit_entry LIBS tocsin_content)
tocsin_fuzzer(fuzz_campaign_document LIBS tocsin_content)
tocsin_fuzzer(fuzz_change_document LIBS tocsin_content)
tocsin_fuzzer(fuzz_plan LIBS tocsin_content)
tocsin_fuzzer(fuzz_provider_limit LIBS tocsin_content)
tocsin_fuzzer(fuzz_reply LIBS tocsin_content)
tocsin_fuzzer(fuzz_suppression LIBS tocsin_content)
