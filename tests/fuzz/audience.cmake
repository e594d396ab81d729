# SPDX-License-Identifier: Apache-2.0
set(row_drain "${CMAKE_CURRENT_LIST_DIR}/row_drain.c")
tocsin_fuzzer(fuzz_audience_info LIBS tocsin_audience)
tocsin_fuzzer(fuzz_body_decoder LIBS tocsin_audience)
tocsin_fuzzer(fuzz_csv LIBS tocsin_audience SOURCES "${row_drain}")
tocsin_fuzzer(fuzz_endpoint LIBS tocsin_audience)
tocsin_fuzzer(fuzz_heading LIBS tocsin_audience)
tocsin_fuzzer(fuzz_ndjson LIBS tocsin_audience SOURCES "${row_drain}")
