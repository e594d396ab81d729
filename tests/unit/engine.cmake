# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_delivery_state LIBS tocsin_engine)
tocsin_unit_test(test_lease LIBS tocsin_engine)
tocsin_unit_test(test_page_timers LIBS tocsin_engine)
tocsin_unit_test(test_plan LIBS tocsin_engine)
tocsin_unit_test(test_rate_meter LIBS tocsin_engine)
tocsin_unit_test(test_roster LIBS tocsin_engine)
