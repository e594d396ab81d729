# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_link LIBS tocsin_link)
tocsin_unit_test(test_peers LIBS tocsin_link)
