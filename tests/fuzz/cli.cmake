# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_answer LIBS tocsin_cli)
tocsin_fuzzer(fuzz_event_lines LIBS tocsin_cli)
tocsin_fuzzer(fuzz_export_lines LIBS tocsin_cli)
