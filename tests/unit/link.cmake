# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_link LIBS tocsin_link SOURCES unit/link_fixture.c)
tocsin_unit_test(test_link_faults LIBS tocsin_link SOURCES unit/link_fixture.c)
tocsin_unit_test(test_peers LIBS tocsin_link)
