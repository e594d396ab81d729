# SPDX-License-Identifier: Apache-2.0
#
# Installs the dashboard's packages: cmake -DNPM=... -DDIRECTORY=... -P install.cmake. What npm's cache has is taken from there;
# without it and without a registry the build ends here and says what can be done, as a coordinator that lacks its page by chance
# would be noticed too late.
execute_process(
    COMMAND "${NPM}" ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline --fetch-retries=1
            --fetch-retry-mintimeout=2000
    WORKING_DIRECTORY "${DIRECTORY}"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The dashboard's packages could not be installed; npm said:\n${said}\n"
      "Without a network: build the coordinator without its page by -DTOCSIN_DASHBOARD=OFF, or let npm have the packages from a "
      "mirror (npm_config_registry) or from a cache that was filled elsewhere (npm_config_cache); docs/dashboard.md.")
endif()
file(TOUCH "${DIRECTORY}/installed")
