# SPDX-License-Identifier: GPL-3.0-or-later
find_package(PkgConfig)

PKG_CHECK_MODULES(PC_GR_NTNPOS gnuradio-ntnpos)

FIND_PATH(
    GR_NTNPOS_INCLUDE_DIRS
    NAMES gnuradio/ntnpos/api.h
    HINTS $ENV{NTNPOS_DIR}/include
        ${PC_NTNPOS_INCLUDEDIR}
    PATHS ${CMAKE_INSTALL_PREFIX}/include
          /usr/local/include
          /usr/include
)

FIND_LIBRARY(
    GR_NTNPOS_LIBRARIES
    NAMES gnuradio-ntnpos
    HINTS $ENV{NTNPOS_DIR}/lib
        ${PC_NTNPOS_LIBDIR}
    PATHS ${CMAKE_INSTALL_PREFIX}/lib
          ${CMAKE_INSTALL_PREFIX}/lib64
          /usr/local/lib
          /usr/local/lib64
          /usr/lib
          /usr/lib64
          )

include("${CMAKE_CURRENT_LIST_DIR}/gnuradio-ntnposTarget.cmake")

INCLUDE(FindPackageHandleStandardArgs)
FIND_PACKAGE_HANDLE_STANDARD_ARGS(GR_NTNPOS DEFAULT_MSG GR_NTNPOS_LIBRARIES GR_NTNPOS_INCLUDE_DIRS)
MARK_AS_ADVANCED(GR_NTNPOS_LIBRARIES GR_NTNPOS_INCLUDE_DIRS)
