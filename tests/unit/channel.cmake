# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_channel LIBS tocsin_channel)
tocsin_unit_test(test_channel_settings LIBS tocsin_channel)
tocsin_unit_test(test_channel_http LIBS tocsin_channel)
tocsin_unit_test(test_http_client LIBS tocsin_channel)
tocsin_unit_test(test_http_rules LIBS tocsin_channel)
tocsin_unit_test(test_json_pointer LIBS tocsin_channel)
