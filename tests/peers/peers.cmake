# SPDX-License-Identifier: Apache-2.0
#
# The packages of tests/peers and tests/peers/heavy, installed into the build directory before the first test that needs them.
set(tocsin_peers_dir "${CMAKE_BINARY_DIR}/tests/peers")

foreach(set IN ITEMS light heavy)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/peers")
  if(set STREQUAL "heavy")
    string(APPEND folder "/heavy")
  endif()
  add_test(NAME peers_${set}
      COMMAND "${TOCSIN_PYTHON}" -B "${CMAKE_CURRENT_SOURCE_DIR}/peers/install" "${folder}" "${tocsin_peers_dir}/${set}")
  set_tests_properties(peers_${set} PROPERTIES LABELS peers TIMEOUT 600 RESOURCE_LOCK npm FIXTURES_SETUP peers_${set})
endforeach()

# The test needs Node with the packages of tests/peers; with the word HEAVY those of tests/peers/heavy as well. To be called
# after the test's other properties are set. tests/harness/node_peer.py starts scripts that use them.
function(tocsin_test_needs_peers test)
  set(fixtures peers_light)
  if("HEAVY" IN_LIST ARGN)
    list(APPEND fixtures peers_heavy)
  endif()
  set_property(TEST ${test} APPEND PROPERTY LABELS peers)
  set_property(TEST ${test} APPEND PROPERTY FIXTURES_REQUIRED ${fixtures})
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT "TOCSIN_PEERS=${tocsin_peers_dir}")
endfunction()
