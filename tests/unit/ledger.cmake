# SPDX-License-Identifier: Apache-2.0
set(stores "${CMAKE_CURRENT_LIST_DIR}/stores.c")
tocsin_unit_test(test_store LIBS tocsin_ledger SOURCES "${stores}")
