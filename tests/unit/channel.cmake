# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_channel LIBS tocsin_channel)
tocsin_unit_test(test_channel_settings LIBS tocsin_channel)
