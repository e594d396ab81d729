# SPDX-License-Identifier: Apache-2.0
#
# Where npm reaches no registry and has nothing kept, the build says what can be done, and soon:
#     cmake -DNPM=... -DSOURCES=.../dashboard -DDIRECTORY=... -P offline.cmake
file(REMOVE_RECURSE "${DIRECTORY}")
file(MAKE_DIRECTORY "${DIRECTORY}")
file(COPY "${SOURCES}/package.json" "${SOURCES}/package-lock.json" DESTINATION "${DIRECTORY}")
set(ENV{npm_config_registry} "http://127.0.0.1:1/")
set(ENV{npm_config_cache} "${DIRECTORY}/cache")
execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DNPM=${NPM}" "-DDIRECTORY=${DIRECTORY}" -P "${SOURCES}/install.cmake"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said
    TIMEOUT 100)
# A message is broken into lines where it is long.
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(result EQUAL 0 OR EXISTS "${DIRECTORY}/installed" OR NOT said MATCHES "-DTOCSIN_DASHBOARD=OFF" OR NOT said MATCHES "ECONNREFUSED")
  message(FATAL_ERROR "ended with ${result} and said: ${said}")
endif()
