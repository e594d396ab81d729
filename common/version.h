/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version: of this build, for people; the same number stands in CMakeLists.txt and CHANGELOG.md.
 */
#ifndef TOCSIN_COMMON_VERSION_H
#define TOCSIN_COMMON_VERSION_H

#define TOCSIN_VERSION "0.1.0"

#endif
