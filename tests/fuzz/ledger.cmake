# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_record LIBS tocsin_engine)
tocsin_fuzzer(fuzz_chain LIBS tocsin_ledger)
tocsin_fuzzer(fuzz_lookup_block LIBS tocsin_ledger)
