# SPDX-License-Identifier: Apache-2.0
tocsin_unit_test(test_signed_head LIBS tocsin_evidence)
