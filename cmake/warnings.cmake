# SPDX-License-Identifier: Apache-2.0
#
# The warnings that gcc 12 and clang 14 both know and that the headers of our libraries pass.
function(tocsin_add_warnings target)
  target_compile_options(${target} INTERFACE
      -Wall -Wextra -Wpedantic
      -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
      -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls
      -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wnull-dereference
      -Wundef -Wvla -Wformat=2
      $<$<C_COMPILER_ID:GNU>:-Wimplicit-fallthrough> # clang does not read the comments of uthash's macros
      -Wno-format-zero-length) # log_event("...", "") is how an event without fields is written
  if(TOCSIN_WERROR)
    target_compile_options(${target} INTERFACE -Werror)
  endif()
endfunction()
