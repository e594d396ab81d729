# SPDX-License-Identifier: Apache-2.0
set(stores "${CMAKE_CURRENT_LIST_DIR}/stores.c")
set(packer "${CMAKE_CURRENT_LIST_DIR}/packer.c")
tocsin_unit_test(test_body_decoder LIBS tocsin_audience SOURCES "${packer}")
tocsin_unit_test(test_csv LIBS tocsin_audience)
tocsin_unit_test(test_duplicates LIBS tocsin_audience SOURCES "${stores}")
tocsin_unit_test(test_endpoint LIBS tocsin_audience)
tocsin_unit_test(test_key_cache LIBS tocsin_audience)
tocsin_unit_test(test_heading LIBS tocsin_audience)
tocsin_unit_test(test_ndjson LIBS tocsin_audience)
tocsin_unit_test(test_row_damage LIBS tocsin_audience SOURCES "${PROJECT_SOURCE_DIR}/tests/fuzz/row_drain.c")
tocsin_unit_test(test_row_reader LIBS tocsin_audience)
tocsin_unit_test(test_zone_names LIBS tocsin_audience)
tocsin_unit_test(test_audience_import LIBS tocsin_audience PkgConfig::SODIUM
    SOURCES "${stores}" "${packer}" unit/import_rig.c)
tocsin_unit_test(test_audience_import_faults LIBS tocsin_audience PkgConfig::SODIUM
    SOURCES "${stores}" "${packer}" unit/import_rig.c)
tocsin_unit_test(test_audience_info LIBS tocsin_audience)
