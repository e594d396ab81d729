# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_signin_guard LIBS tocsin_identity)
