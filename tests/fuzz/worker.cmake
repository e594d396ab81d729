# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_worker_settings LIBS tocsin_worker)
