# SPDX-License-Identifier: Apache-2.0
#
# tocsin_flags: what every target of ours is compiled and linked with. Generated code takes
# tocsin_flags_base, which is the same without the warnings.
include(warnings)
include(sanitizers)
include(hardening)

add_library(tocsin_flags_base INTERFACE)
target_compile_definitions(tocsin_flags_base INTERFACE _GNU_SOURCE)
target_include_directories(tocsin_flags_base INTERFACE "${PROJECT_SOURCE_DIR}")
# Assertions are live in every build: a bug stops the process, and the ledger makes the restart safe.
target_compile_options(tocsin_flags_base INTERFACE -UNDEBUG -fno-common)
tocsin_add_sanitizers(tocsin_flags_base)
tocsin_add_hardening(tocsin_flags_base)
if(TOCSIN_COVERAGE)
  target_compile_options(tocsin_flags_base INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(tocsin_flags_base INTERFACE --coverage)
endif()

add_library(tocsin_flags INTERFACE)
target_link_libraries(tocsin_flags INTERFACE tocsin_flags_base)
tocsin_add_warnings(tocsin_flags)
