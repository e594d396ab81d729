# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_cap_merge LIBS tocsin_report)
tocsin_unit_test(test_cap_survey LIBS tocsin_report SOURCES unit/engine_rig.c)
tocsin_unit_test(test_zone_clock LIBS tocsin_report tocsin_content)
tocsin_unit_test(test_provider_days LIBS tocsin_report SOURCES unit/engine_rig.c)
tocsin_unit_test(test_provider_hours LIBS tocsin_report tocsin_content)
tocsin_unit_test(test_timeline LIBS tocsin_report)
tocsin_unit_test(test_preflight LIBS tocsin_report)
tocsin_unit_test(test_preflight_limits LIBS tocsin_report)
