# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_catalog LIBS tocsin_worker_core)
tocsin_unit_test(test_credit LIBS tocsin_worker_core)
tocsin_unit_test(test_delivery LIBS tocsin_worker_core
    SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/delivery_fixture.c)
tocsin_unit_test(test_delivery_pace LIBS tocsin_worker_core
    SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/delivery_fixture.c)
tocsin_unit_test(test_delivery_bulk LIBS tocsin_worker_core
    SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/delivery_fixture.c)
tocsin_unit_test(test_delivery_session LIBS tocsin_worker_core
    SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/delivery_fixture.c)
tocsin_unit_test(test_flight LIBS tocsin_worker_core)
tocsin_unit_test(test_inbox LIBS tocsin_worker_core)
tocsin_unit_test(test_outbox LIBS tocsin_worker_core)
tocsin_unit_test(test_outlets LIBS tocsin_worker)
tocsin_unit_test(test_worker_metrics LIBS tocsin_worker)
tocsin_unit_test(test_outcome_run LIBS tocsin_worker_core)
tocsin_unit_test(test_render LIBS tocsin_worker_core)
tocsin_unit_test(test_session LIBS tocsin_worker_core)
tocsin_unit_test(test_throttle LIBS tocsin_worker_core)
tocsin_unit_test(test_worker LIBS tocsin_worker)
tocsin_unit_test(test_worker_settings LIBS tocsin_worker)
