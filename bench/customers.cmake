# SPDX-License-Identifier: Apache-2.0
#
# What makes the files of customers that benchmarks, tests and deploy/quickstart send to.
add_executable(make-customers make_customers.c customer_places.c)
target_link_libraries(make-customers PRIVATE tocsin_flags)
