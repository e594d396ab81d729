# SPDX-License-Identifier: Apache-2.0
#
# The floors are bare libcurl, the micro benchmarks the adapters beside it. They need a peer: nginx, nghttpd, smtp-sink.
add_library(bench_curl_floor STATIC curl_floor.c floor_mail.c floor_post.c floor_push.c)
target_link_libraries(bench_curl_floor PUBLIC PkgConfig::CURL PRIVATE tocsin_flags)

foreach(protocol IN ITEMS http h2 smtp)
  add_executable(bench_floor_${protocol} floor_${protocol}.c)
  target_link_libraries(bench_floor_${protocol} PRIVATE bench_curl_floor tocsin_flags)
  if(TARGET tocsin_channel)
    add_executable(bench_micro_${protocol} micro_${protocol}.c channel_run.c)
    target_link_libraries(bench_micro_${protocol} PRIVATE bench_curl_floor tocsin_channel tocsin_flags)
  endif()
endforeach()

add_executable(bench_acknowledge acknowledge.c)
target_link_libraries(bench_acknowledge PRIVATE bench_curl_floor tocsin_flags)
