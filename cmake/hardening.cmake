# SPDX-License-Identifier: Apache-2.0
#
# What makes an exploit of a release harder. Sanitizers and _FORTIFY_SOURCE do not go together, hence
# only with TOCSIN_HARDEN.
function(tocsin_add_hardening target)
  if(NOT TOCSIN_HARDEN)
    return()
  endif()
  target_compile_options(${target} INTERFACE
      -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
      -fstack-protector-strong -fstack-clash-protection
      "$<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>")
  target_link_options(${target} INTERFACE
      -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endfunction()
