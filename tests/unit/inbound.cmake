# SPDX-License-Identifier: Apache-2.0
set(inbound_rig "${CMAKE_CURRENT_LIST_DIR}/inbound_rig.c")
tocsin_unit_test(test_form LIBS tocsin_inbound)
tocsin_unit_test(test_inbound_kannel LIBS tocsin_inbound SOURCES ${inbound_rig})
tocsin_unit_test(test_inbound_sendgrid LIBS tocsin_inbound SOURCES ${inbound_rig})
tocsin_unit_test(test_inbound_twilio LIBS tocsin_inbound SOURCES ${inbound_rig})
tocsin_unit_test(test_signature LIBS tocsin_inbound)
