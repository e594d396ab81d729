# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_adapter LIBS tocsin_proto)
tocsin_unit_test(test_bus LIBS tocsin_bus)
set_tests_properties(test_bus PROPERTIES
    ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
tocsin_unit_test(test_channel_kind LIBS tocsin_proto)
tocsin_unit_test(test_columns LIBS tocsin_proto)
tocsin_unit_test(test_outcome LIBS tocsin_proto)
tocsin_unit_test(test_page LIBS tocsin_proto)
tocsin_unit_test(test_page_schema LIBS tocsin_proto)
tocsin_unit_test(test_reply_code LIBS tocsin_proto)
tocsin_unit_test(test_token LIBS tocsin_proto)
tocsin_unit_test(test_wire LIBS tocsin_proto)
tocsin_unit_test(test_wire_outcomes LIBS tocsin_proto)
