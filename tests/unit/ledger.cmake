# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_record LIBS tocsin_engine)
tocsin_unit_test(test_lookup_block LIBS tocsin_ledger)
tocsin_unit_test(test_turn LIBS tocsin_ledger)

# These run on both stores, or on RocksDB alone.
foreach(test IN ITEMS
    test_changelog test_ledger test_ledger_audience test_ledger_check test_ledger_crash test_ledger_damage
    test_ledger_format test_store test_store_full)
  tocsin_unit_test(${test} LIBS tocsin_ledger SOURCES "${CMAKE_CURRENT_LIST_DIR}/stores.c")
  set_tests_properties(${test} PROPERTIES
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
endforeach()
foreach(test IN ITEMS test_ledger test_ledger_audience test_ledger_check test_ledger_format)
  target_sources(${test} PRIVATE "${CMAKE_CURRENT_LIST_DIR}/ledger_fixture.c")
endforeach()
