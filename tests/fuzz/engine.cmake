# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_event LIBS tocsin_engine)
tocsin_fuzzer(fuzz_snapshot LIBS tocsin_engine)
