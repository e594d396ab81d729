# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_delivery LIBS tocsin_worker_core
    SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/delivery_fixture.c)
