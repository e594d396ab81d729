# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_columns LIBS tocsin_proto)
tocsin_fuzzer(fuzz_page LIBS tocsin_proto)
tocsin_fuzzer(fuzz_reply_code LIBS tocsin_proto)
tocsin_fuzzer(fuzz_token LIBS tocsin_proto)
tocsin_fuzzer(fuzz_wire LIBS tocsin_proto)
