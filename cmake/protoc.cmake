# SPDX-License-Identifier: Apache-2.0

# tocsin_protoc(target file.proto): the C code of a .proto file of the calling directory, as an object
# library without our warnings. Its header is found as "<directory>/<file>.pb-c.h", as if it stood
# beside the .proto file.
function(tocsin_protoc target proto)
  file(RELATIVE_PATH dir "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  get_filename_component(stem "${proto}" NAME_WE)
  set(out "${CMAKE_BINARY_DIR}/generated")
  file(MAKE_DIRECTORY "${out}/${dir}")
  add_custom_command(
      OUTPUT "${out}/${dir}/${stem}.pb-c.c" "${out}/${dir}/${stem}.pb-c.h"
      COMMAND "${PROTOC_C}" "--proto_path=${PROJECT_SOURCE_DIR}" "--c_out=${out}"
              "${CMAKE_CURRENT_SOURCE_DIR}/${proto}"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${proto}"
      COMMENT "Generating ${dir}/${stem}.pb-c.[ch]"
      VERBATIM)
  add_library(${target} OBJECT "${out}/${dir}/${stem}.pb-c.c" "${out}/${dir}/${stem}.pb-c.h")
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUFC PRIVATE tocsin_flags_base)
endfunction()
