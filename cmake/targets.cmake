# SPDX-License-Identifier: Apache-2.0
#
# The words in which rooms and tests describe themselves. SOURCES are written out, never globbed;
# LIBS are rooms and libraries.

# tocsin_library(name SOURCES a.c ... LIBS ...): the static library of a room.
function(tocsin_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LIBS} PRIVATE tocsin_flags)
endfunction()

# tocsin_program(name SOURCES main.c ... LIBS ...): a program, left in bin/ of the build directory.
function(tocsin_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} tocsin_flags)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# tocsin_unit_test(test_name LIBS ... [SOURCES more.c ...]): tests/unit/<test_name>.c, one process.
function(tocsin_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} "${PROJECT_SOURCE_DIR}/tests/unit/${name}.c" ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA tocsin_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/unit")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# tocsin_fuzzer(fuzz_name LIBS ... [SOURCES more.c ...]): tests/fuzz/<fuzz_name>.c with
# LLVMFuzzerTestOneInput. The suite replays the corpus tests/fuzz/corpus/<fuzz_name>; with TOCSIN_FUZZ the
# same program also searches for new inputs.
function(tocsin_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  set(dir "${PROJECT_SOURCE_DIR}/tests/fuzz")
  add_executable(${name} "${dir}/${name}.c" ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} tocsin_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fuzz")
  if(TOCSIN_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${name} COMMAND ${name} -runs=0 "${dir}/corpus/${name}")
  else()
    target_sources(${name} PRIVATE "${dir}/replay_main.c")
    add_test(NAME ${name} COMMAND ${name} "${dir}/corpus/${name}")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
