# SPDX-License-Identifier: Apache-2.0
add_executable(bench_floor_receipts floor_receipts.c)
target_link_libraries(bench_floor_receipts PRIVATE PkgConfig::MICROHTTPD PkgConfig::UV tocsin_flags)

if(TARGET tocsin_ledger)
  add_executable(bench_make_tokens make_tokens.c)
  target_link_libraries(bench_make_tokens PRIVATE tocsin_ledger tocsin_proto PkgConfig::SODIUM tocsin_flags)
endif()

add_executable(bench_post_receipts post_receipts.c)
target_link_libraries(bench_post_receipts PRIVATE tocsin_flags)
