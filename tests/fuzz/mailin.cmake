# SPDX-License-Identifier: Apache-2.0
tocsin_fuzzer(fuzz_html_text LIBS tocsin_mail)
tocsin_fuzzer(fuzz_mail LIBS tocsin_mail)
