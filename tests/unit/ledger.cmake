# SPDX-License-Identifier: Apache-2.0
set(stores "${CMAKE_CURRENT_LIST_DIR}/stores.c")
tocsin_unit_test(test_record LIBS tocsin_engine)
tocsin_unit_test(test_lookup_block LIBS tocsin_ledger)
tocsin_unit_test(test_turn LIBS tocsin_ledger)
tocsin_unit_test(test_store LIBS tocsin_ledger SOURCES "${stores}")
tocsin_unit_test(test_ledger LIBS tocsin_ledger SOURCES "${stores}")
tocsin_unit_test(test_changelog LIBS tocsin_ledger SOURCES "${stores}")
tocsin_unit_test(test_ledger_crash LIBS tocsin_ledger SOURCES "${stores}")
