# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_token_answer LIBS tocsin_bearer)
