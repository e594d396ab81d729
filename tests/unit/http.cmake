# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_http_connections LIBS tocsin_http SOURCES unit/http_peer.c unit/http_rig.c)
tocsin_unit_test(test_http_head LIBS tocsin_http SOURCES unit/http_peer.c)
tocsin_unit_test(test_http_server LIBS tocsin_http SOURCES unit/http_peer.c unit/http_rig.c)
