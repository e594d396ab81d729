# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin_audience)
  add_executable(bench_ingest_pipeline micro_ingest.c)
  target_link_libraries(bench_ingest_pipeline PRIVATE tocsin_audience PkgConfig::SODIUM tocsin_flags)
endif()

add_executable(bench_floor_csv floor_csv.c)
target_link_libraries(bench_floor_csv PRIVATE tocsin_common tocsin_flags)
