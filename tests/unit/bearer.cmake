# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_bearer_schedule LIBS tocsin_bearer)
tocsin_unit_test(test_service_account LIBS tocsin_bearer)
