# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_jwk_set LIBS tocsin_identity)
tocsin_fuzzer(fuzz_jwt LIBS tocsin_identity)
