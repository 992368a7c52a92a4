# SPDX-License-Identifier: MIT OR Apache-2.0
#
# wasm3 with our settings, compiled into the library of the module.

# The folder of wasm3.h: that of EDGERM_WASM3_SOURCE, from CMake or the environment, else the
# west project `wasm3`.
function(edgerm_wasm3_source out)
  if(NOT DEFINED EDGERM_WASM3_SOURCE AND DEFINED ENV{EDGERM_WASM3_SOURCE})
    set(EDGERM_WASM3_SOURCE $ENV{EDGERM_WASM3_SOURCE})
  endif()
  find_path(EDGERM_WASM3_SOURCE wasm3.h
    PATHS ${WEST_TOPDIR}/modules/lib/wasm3/source ${ZEPHYR_BASE}/../modules/lib/wasm3/source
    NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH
  )
  if(NOT EXISTS ${EDGERM_WASM3_SOURCE}/wasm3.h)
    message(FATAL_ERROR
      "EdgeRM needs the source of wasm3: run `west update` with the project wasm3 in the "
      "manifest, as in EdgeRM's west.yml, or set EDGERM_WASM3_SOURCE to the folder of wasm3.h"
    )
  endif()
  set(${out} ${EDGERM_WASM3_SOURCE} PARENT_SCOPE)
endfunction()

macro(edgerm_wasm3)
  edgerm_wasm3_source(wasm3_source)
  set(shim ${CMAKE_CURRENT_LIST_DIR}/../engine-wasm3/shim)
  zephyr_library_sources(src/wasm3.c ${shim}/edgerm_wasm3.c)
  zephyr_library_include_directories(${shim})
  # Without tail calls each instruction of a task keeps a frame, whatever the image is built
  # with. Its warnings are for its authors.
  set(optimize -Os)
  if(CONFIG_SIZE_OPTIMIZATIONS)
    # 2 % less.
    list(APPEND optimize -fno-jump-tables -fno-tree-pre -fno-code-hoisting
      -fno-schedule-insns2 -fno-if-conversion)
  endif()
  set_source_files_properties(${shim}/edgerm_wasm3.c PROPERTIES
    INCLUDE_DIRECTORIES ${wasm3_source}
    COMPILE_OPTIONS "${optimize};-fno-strict-aliasing;-fomit-frame-pointer;-foptimize-sibling-calls;-w"
    COMPILE_DEFINITIONS "EDGERM_WASM3_OWN_CURRENT=1;EDGERM_WASM3_FLOATS=$<BOOL:${CONFIG_EDGERM_FLOATS}>"
  )
  if(CONFIG_MINIMAL_LIBC)
    # It has no setjmp.
    zephyr_library_include_directories(libc)
    zephyr_library_sources_ifdef(CONFIG_ARM libc/setjmp_arm.S)
    zephyr_library_sources_ifdef(CONFIG_RISCV libc/setjmp_riscv.S)
  endif()
endmacro()
