# SPDX-License-Identifier: Apache-2.0
#
# What holds for every target: the language, the shape of the binaries, and the options of the presets.
option(TOCSIN_WERROR "Warnings are errors" OFF)
option(TOCSIN_HARDEN "Hardening flags of a release" OFF)
option(TOCSIN_COVERAGE "Count reached lines (gcov)" OFF)
option(TOCSIN_FUZZ "Link the fuzzers with libFuzzer (needs clang)" OFF)
set(TOCSIN_SANITIZE "" CACHE STRING "Sanitizers: address;undefined, thread, or none")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)

# All programs are position-independent executables, and so are the libraries in them.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(TOCSIN_CCACHE ccache)
if(TOCSIN_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${TOCSIN_CCACHE}")
endif()
