# SPDX-License-Identifier: Apache-2.0
#
# Sanitizers named by TOCSIN_SANITIZE. Every finding ends the process, so that a test cannot pass over it.
function(tocsin_add_sanitizers target)
  set(sanitizers ${TOCSIN_SANITIZE})
  if(TOCSIN_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
      message(FATAL_ERROR "TOCSIN_FUZZ needs clang; use the preset `fuzz`")
    endif()
    # Counts the edges of the libraries; main() comes with -fsanitize=fuzzer, on the fuzzers alone.
    target_compile_options(${target} INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  if(NOT sanitizers)
    return()
  endif()
  list(JOIN sanitizers "," joined)
  target_compile_options(${target} INTERFACE
      -fsanitize=${joined} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(${target} INTERFACE -fsanitize=${joined})
endfunction()
