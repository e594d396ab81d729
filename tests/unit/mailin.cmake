# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_html_text LIBS tocsin_mail)
tocsin_unit_test(test_mail_counters LIBS tocsin_mailin)
tocsin_unit_test(test_mail_decode LIBS tocsin_mail)
tocsin_unit_test(test_mail_finding LIBS tocsin_mail)
target_compile_definitions(test_mail_finding PRIVATE
    MAILS="${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/fuzz_mail")
tocsin_unit_test(test_mail_header LIBS tocsin_mail)
tocsin_unit_test(test_mail_options LIBS tocsin_mailin)
tocsin_unit_test(test_mail_reply LIBS tocsin_mail)
tocsin_unit_test(test_mail_report LIBS tocsin_mail)
tocsin_unit_test(test_mail_tell LIBS tocsin_mailin Threads::Threads
    SOURCES "${PROJECT_SOURCE_DIR}/tests/unit/answer_server.c")
