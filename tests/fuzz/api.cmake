# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_accept_encoding LIBS tocsin_api)
tocsin_fuzzer(fuzz_cursor LIBS tocsin_api)
tocsin_fuzzer(fuzz_query_string LIBS tocsin_api)
tocsin_fuzzer(fuzz_receipt_report LIBS tocsin_api)
tocsin_fuzzer(fuzz_recipient_query LIBS tocsin_api)
