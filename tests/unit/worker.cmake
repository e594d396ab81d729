# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_secret LIBS tocsin_common)
tocsin_unit_test(test_settings_file LIBS tocsin_settings)
