# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_peers LIBS tocsin_link)
