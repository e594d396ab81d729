# SPDX-License-Identifier: Apache-2.0

# tocsin_embed(target FILES /path=FILE ... DEPENDS file ...): an object library with the table `assets` of
# coordinator/api/asset.h, which the coordinator serves. A path that ends in / takes the files of a directory, by
# their names. Relative files are of the source tree. DEPENDS: what the files of directories are made by.
function(tocsin_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES;DEPENDS")
  if(NOT TARGET tocsin-embed)
    add_executable(tocsin-embed "${PROJECT_SOURCE_DIR}/cmake/embed.c")
    target_link_libraries(tocsin-embed PRIVATE PkgConfig::ZLIB tocsin_flags)
  endif()
  set(out "${CMAKE_BINARY_DIR}/generated/${target}.c")
  set(pairs)
  set(files)
  foreach(pair IN LISTS arg_FILES)
    string(REGEX MATCH "^([^=]*)=(.*)$" whole "${pair}")
    get_filename_component(file "${CMAKE_MATCH_2}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
    list(APPEND pairs "${CMAKE_MATCH_1}=${file}")
    if(NOT file IN_LIST arg_DEPENDS AND NOT CMAKE_MATCH_1 MATCHES "./$")
      list(APPEND files "${file}")
    endif()
  endforeach()
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/generated")
  add_custom_command(
      OUTPUT "${out}"
      COMMAND tocsin-embed "${out}" ${pairs}
      DEPENDS tocsin-embed ${files} ${arg_DEPENDS}
      COMMENT "Embedding the files of ${target}"
      VERBATIM)
  add_library(${target} OBJECT "${out}")
  target_link_libraries(${target} PRIVATE tocsin_flags_base)
endfunction()
