# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_form LIBS tocsin_inbound)
tocsin_fuzzer(fuzz_inbound LIBS tocsin_inbound)
tocsin_fuzzer(fuzz_signature LIBS tocsin_inbound)
