# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_http_server LIBS tocsin_api)
