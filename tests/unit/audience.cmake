# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_csv LIBS tocsin_audience)
tocsin_unit_test(test_endpoint LIBS tocsin_audience)
tocsin_unit_test(test_heading LIBS tocsin_audience)
tocsin_unit_test(test_ndjson LIBS tocsin_audience)
tocsin_unit_test(test_row_reader LIBS tocsin_audience)
