# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_client LIBS tocsin_api_client Threads::Threads
    SOURCES "${PROJECT_SOURCE_DIR}/tests/unit/answer_server.c")
tocsin_unit_test(test_problem_document LIBS tocsin_api_client)
