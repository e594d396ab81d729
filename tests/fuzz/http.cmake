# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_accept_language LIBS tocsin_http)
tocsin_fuzzer(fuzz_http_head LIBS tocsin_http)
