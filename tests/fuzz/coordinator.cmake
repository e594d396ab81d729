# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_coordinator_settings LIBS tocsin_coordinator_settings)
