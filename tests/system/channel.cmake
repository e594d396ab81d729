# SPDX-License-Identifier: Apache-2.0
#
# The adapters against peers that none of us wrote: nginx, smtp-sink, aiosmtpd, Kannel, and a socket that misbehaves.
add_executable(channel_driver channel_driver.c driver_message.c)
target_link_libraries(channel_driver PRIVATE tocsin_channel tocsin_worker_core tocsin_flags)
set_target_properties(channel_driver PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/system")

foreach(subject IN ITEMS chat docs golden http kannel kannel_smpp node_peers postfix push sendgrid ses ses_peers smtp smtp_login twilio twilio_prism webhook)
  add_test(NAME channel_${subject}
      COMMAND "${TOCSIN_PYTHON}" -B -m pytest -q -rs -p no:cacheprovider
          "${CMAKE_CURRENT_SOURCE_DIR}/channels/test_${subject}.py")
  set_tests_properties(channel_${subject} PROPERTIES LABELS system TIMEOUT 120
      ENVIRONMENT "CHANNEL_DRIVER=$<TARGET_FILE:channel_driver>")
endforeach()

# The examples of the documents are shown to both programs.
if("coordinator" IN_LIST tocsin_built_rooms AND "worker" IN_LIST tocsin_built_rooms)
  set_property(TEST channel_docs APPEND PROPERTY ENVIRONMENT
      "WORKER=$<TARGET_FILE:tocsin-worker>" "COORDINATOR=$<TARGET_FILE:tocsin-coordinator>")
endif()

tocsin_test_needs_peers(channel_node_peers HEAVY)
tocsin_test_needs_peers(channel_ses_peers HEAVY)
tocsin_test_needs_peers(channel_golden)
tocsin_test_needs_peers(channel_kannel_smpp)
tocsin_test_needs_peers(channel_twilio_prism HEAVY)
tocsin_test_needs_peers(channel_webhook)
tocsin_test_needs_peers(channel_chat)
tocsin_test_needs_peers(channel_push)
