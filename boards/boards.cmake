# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What an image for BOARD needs of boards/BOARD, for an application that includes this before
# find_package(Zephyr): applications of this repository, and any other one that is content with
# what stands there.

# The module is the repository that this stands in, also where no manifest names it.
list(APPEND EXTRA_ZEPHYR_MODULES ${CMAKE_CURRENT_LIST_DIR}/..)

set(edgerm_board ${BOARD})
if(NOT edgerm_board)
  set(edgerm_board $ENV{BOARD})
endif()
string(REGEX REPLACE "[@/].*" "" edgerm_board "${edgerm_board}")
set(edgerm_board_folder ${CMAKE_CURRENT_LIST_DIR}/${edgerm_board})
if(EXISTS ${edgerm_board_folder}/${edgerm_board}.conf)
  list(PREPEND EXTRA_CONF_FILE ${edgerm_board_folder}/${edgerm_board}.conf)
endif()
if(EXISTS ${edgerm_board_folder}/${edgerm_board}.overlay)
  list(PREPEND EXTRA_DTC_OVERLAY_FILE ${edgerm_board_folder}/${edgerm_board}.overlay)
endif()
