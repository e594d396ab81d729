# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin_ledger)
  add_executable(bench_floor_export floor_export.c)
  target_link_libraries(bench_floor_export PRIVATE tocsin_ledger tocsin_proto PkgConfig::ZSTD tocsin_flags)
endif()
