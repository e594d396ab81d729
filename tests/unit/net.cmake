# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_client LIBS tocsin_api_client Threads::Threads)
tocsin_unit_test(test_problem_document LIBS tocsin_api_client)
