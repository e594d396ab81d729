# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_coordinator_settings LIBS tocsin_coordinator_settings)
tocsin_unit_test(test_settings_report LIBS tocsin_coordinator_settings)
