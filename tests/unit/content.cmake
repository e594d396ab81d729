# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_campaign_document LIBS tocsin_content)
tocsin_unit_test(test_plan_document LIBS tocsin_content)
tocsin_unit_test(test_provider_limits LIBS tocsin_content)
tocsin_unit_test(test_provider_numbers LIBS tocsin_content)
tocsin_unit_test(test_respect_document LIBS tocsin_content)
tocsin_unit_test(test_suppression LIBS tocsin_content)
tocsin_unit_test(test_suppression_list LIBS tocsin_content SOURCES unit/stores.c)
