# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_bundle LIBS tocsin_evidence)
