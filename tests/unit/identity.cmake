# SPDX-License-Identifier: Apache-2.0
set(jwt_maker "${CMAKE_CURRENT_LIST_DIR}/jwt_maker.c")
tocsin_unit_test(test_jwk_set LIBS tocsin_identity PkgConfig::CRYPTO SOURCES "${jwt_maker}")
tocsin_unit_test(test_jwt_check LIBS tocsin_identity PkgConfig::CRYPTO SOURCES "${jwt_maker}")
tocsin_unit_test(test_oidc_claims LIBS tocsin_identity)
tocsin_unit_test(test_signin_guard LIBS tocsin_identity)
