# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The agent's Rust part: cargo builds a static library for the processor that Zephyr was told,
# and what of it C may call becomes one object of the image.
#
# Variables, from CMake or the environment:
#   EDGERM_CARGO             the cargo to use, with its rustc beside it
#   EDGERM_CARGO_TARGET_DIR  where it builds, for images that share what they can
#   EDGERM_CRATE             a crate whose library, named edgerm_firmware, takes the agent in

get_filename_component(EDGERM_ROOT ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)

# A variable of CMake, else of the environment, else `default`.
function(edgerm_setting name default)
  if(NOT DEFINED ${name})
    if(DEFINED ENV{${name}})
      set(${name} $ENV{${name}} PARENT_SCOPE)
    else()
      set(${name} ${default} PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Rust's name for the processor.
function(edgerm_rust_target out)
  if(CONFIG_CPU_CORTEX_M)
    if(CONFIG_FPU AND CONFIG_FP_HARDABI)
      set(hf hf)
    endif()
    if(CONFIG_CPU_CORTEX_M0 OR CONFIG_CPU_CORTEX_M0PLUS OR CONFIG_CPU_CORTEX_M1)
      set(target thumbv6m-none-eabi)
    elseif(CONFIG_CPU_CORTEX_M3)
      set(target thumbv7m-none-eabi)
    elseif(CONFIG_CPU_CORTEX_M4 OR CONFIG_CPU_CORTEX_M7)
      set(target thumbv7em-none-eabi${hf})
    elseif(CONFIG_CPU_CORTEX_M23)
      set(target thumbv8m.base-none-eabi)
    elseif(CONFIG_CPU_CORTEX_M33 OR CONFIG_CPU_CORTEX_M55)
      set(target thumbv8m.main-none-eabi${hf})
    endif()
  elseif(CONFIG_RISCV AND NOT CONFIG_FLOAT_HARD)
    if(CONFIG_64BIT)
      set(target riscv64imac-unknown-none-elf)
    elseif(CONFIG_RISCV_ISA_EXT_A)
      set(target riscv32imac-unknown-none-elf)
    elseif(CONFIG_RISCV_ISA_EXT_M)
      set(target riscv32imc-unknown-none-elf)
    endif()
  elseif(CONFIG_ARCH_POSIX AND CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL x86_64)
    if(CONFIG_64BIT)
      set(target x86_64-unknown-linux-gnu)
    else()
      set(target i686-unknown-linux-gnu)
    endif()
  elseif(CONFIG_ARCH_POSIX AND CONFIG_64BIT AND CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL aarch64)
    set(target aarch64-unknown-linux-gnu)
  endif()
  if(NOT target)
    message(FATAL_ERROR
      "EdgeRM does not know the Rust target of ${BOARD} (${ARCH}): see edgerm_rust_target in "
      "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
    )
  endif()
  set(${out} ${target} PARENT_SCOPE)
endfunction()

function(edgerm_rustc_prints rustc out)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=LD_LIBRARY_PATH ${rustc} ${ARGN}
    OUTPUT_VARIABLE printed ERROR_QUIET RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    set(printed /nonexistent)
  endif()
  set(${out} ${printed} PARENT_SCOPE)
endfunction()

# Finds a cargo that can build for `target`. One with the sources of the standard library builds
# that for size, too, which halves it; one with the target's library as rustup brings it will do.
function(edgerm_rust_toolchain target out_cargo out_small)
  edgerm_setting(EDGERM_CARGO "")
  set(candidates ${EDGERM_CARGO})
  if(NOT candidates)
    find_program(EDGERM_CARGO_ON_PATH cargo PATHS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
    set(candidates ${EDGERM_CARGO_ON_PATH} /usr/bin/cargo)
  endif()
  foreach(cargo ${candidates})
    get_filename_component(folder ${cargo} DIRECTORY)
    edgerm_rustc_prints(${folder}/rustc sysroot --print sysroot)
    if(EXISTS ${sysroot}/lib/rustlib/src/rust/library/core/Cargo.toml)
      set(${out_cargo} ${cargo} PARENT_SCOPE)
      set(${out_small} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
  foreach(cargo ${candidates})
    get_filename_component(folder ${cargo} DIRECTORY)
    edgerm_rustc_prints(${folder}/rustc library --print target-libdir --target ${target})
    file(GLOB core ${library}/libcore-*.rlib)
    if(core)
      set(${out_cargo} ${cargo} PARENT_SCOPE)
      set(${out_small} FALSE PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR
    "no Rust toolchain here builds for ${target}: `rustup target add ${target}` or, for the "
    "smallest image, `rustup component add rust-src`; on Debian `apt-get install cargo-web "
    "rustc-web rust-web-src`; or name another cargo in EDGERM_CARGO"
  )
endfunction()

# Rust's own description of an Arm target has each function keep a frame pointer, which nothing
# here reads; without it the agent is 5 % smaller. Gives the path of a description of that kind,
# or the target's name where it has no such line.
function(edgerm_rust_target_spec rustc target folder out)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=LD_LIBRARY_PATH RUSTC_BOOTSTRAP=1
      ${rustc} -Zunstable-options --print target-spec-json --target ${target}
    OUTPUT_VARIABLE spec ERROR_QUIET
  )
  string(REPLACE "\"frame-pointer\": \"always\"" "\"frame-pointer\": \"may-omit\"" smaller "${spec}")
  set(${out} ${target} PARENT_SCOPE)
  if(NOT smaller STREQUAL spec)
    file(CONFIGURE OUTPUT ${folder}/${target}.json CONTENT "${smaller}" @ONLY)
    set(${out} ${folder}/${target}.json PARENT_SCOPE)
  endif()
endfunction()

# Writes what the image's C is compiled with, a flag a line, for bindgen. Includes and definitions
# are also those of the libraries that Zephyr's interface links, such as drivers of a HAL.
function(edgerm_rust_flags file)
  set(includes $<TARGET_PROPERTY:edgerm,INCLUDE_DIRECTORIES>)
  set(definitions $<TARGET_PROPERTY:edgerm,COMPILE_DEFINITIONS>)
  zephyr_get_compile_options_for_lang(C options)
  file(GENERATE OUTPUT ${file} CONTENT
    "-I$<JOIN:${includes},\n-I>\n-D$<JOIN:${definitions},\n-D>\n$<JOIN:${options},\n>\n"
    CONDITION $<COMPILE_LANGUAGE:C>
  )
endfunction()

function(edgerm_rust)
  edgerm_rust_target(target)
  edgerm_rust_toolchain(${target} cargo small)
  message(STATUS "EdgeRM: ${target} by ${cargo}")

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/rust)
  set(glue ${folder}/glue)
  edgerm_setting(EDGERM_CARGO_TARGET_DIR ${folder}/target)
  get_filename_component(EDGERM_CARGO_TARGET_DIR ${EDGERM_CARGO_TARGET_DIR} ABSOLUTE
    BASE_DIR ${CMAKE_BINARY_DIR})
  file(MAKE_DIRECTORY ${EDGERM_CARGO_TARGET_DIR})
  edgerm_setting(EDGERM_CRATE ${EDGERM_ROOT}/zephyr/lib)
  set(flags ${folder}/flags.txt)
  set(archive ${EDGERM_CARGO_TARGET_DIR}/${target}/firmware/libedgerm_firmware.a)
  file(MAKE_DIRECTORY ${glue})
  edgerm_rust_flags(${flags})

  get_filename_component(toolchain ${cargo} DIRECTORY)
  set(environment RUSTC=${toolchain}/rustc EDGERM_ZEPHYR_FLAGS=${flags}
    EDGERM_ZEPHYR_AUTOCONF=${AUTOCONF_H} EDGERM_ZEPHYR_GLUE=${glue})
  set(config_files ${EDGERM_ROOT}/.cargo/firmware.toml)
  set(target_spec ${target})
  if(small AND CONFIG_ARM)
    edgerm_rust_target_spec(${toolchain}/rustc ${target} ${EDGERM_CARGO_TARGET_DIR} target_spec)
  endif()
  if(small)
    list(APPEND environment RUSTC_BOOTSTRAP=1)
    list(APPEND config_files ${EDGERM_ROOT}/.cargo/firmware-small.toml)
  endif()
  list(TRANSFORM config_files PREPEND --config= OUTPUT_VARIABLE configs)
  # What cargo would take from elsewhere, and the libraries of another toolchain.
  set(foreign RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET
    CARGO_TARGET_DIR LD_LIBRARY_PATH RUSTUP_TOOLCHAIN)
  list(TRANSFORM foreign PREPEND --unset=)

  # Images that share a target folder take turns: each has its own copy of what cargo made for
  # it, and of what that was made of.
  set(own_archive ${folder}/libedgerm_firmware.a)
  set(script ${EDGERM_ROOT}/zephyr/cmake/cargo.sh)
  add_custom_command(OUTPUT ${own_archive} ${glue}/static_functions.c
    COMMAND flock ${EDGERM_CARGO_TARGET_DIR}.lock
      sh ${script} ${archive} ${own_archive} ${glue} ${CMAKE_AR}
      ${CMAKE_COMMAND} -E env ${foreign} ${environment}
      ${cargo} ${configs} build --quiet --profile firmware --target ${target_spec}
      --manifest-path ${EDGERM_CRATE}/Cargo.toml --target-dir ${EDGERM_CARGO_TARGET_DIR}
    DEPENDS zephyr_generated_headers ${script} ${config_files}
    DEPFILE ${own_archive}.d
    COMMENT "Building the EdgeRM agent for ${target}"
    VERBATIM USES_TERMINAL
  )

  # One object in which only what C calls is global, so that it stands beside other Rust.
  # Linkers of several processors are told which.
  set(emulation)
  if(CONFIG_ARCH_POSIX AND NOT CONFIG_64BIT)
    set(emulation -melf_i386)
  elseif(CONFIG_RISCV)
    set(emulation $<IF:$<BOOL:${CONFIG_64BIT}>,-melf64lriscv,-melf32lriscv>)
  endif()
  set(object ${folder}/edgerm_firmware.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} ${emulation} -r --whole-archive ${own_archive} -o ${object}.all
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=edgerm_*
      # Tables to unwind by: nothing unwinds here, and they would keep what nobody calls.
      --remove-section=.ARM.ex* --remove-section=.rel.ARM.ex* --remove-section=.eh_frame*
      --remove-section=.rel*.eh_frame*
      # GNU's linker wants this mark in all objects, once it is in one. Only those of Linux have it.
      $<$<NOT:$<BOOL:${CONFIG_ARCH_POSIX}>>:--remove-section=.note.GNU-stack>
      ${object}.all ${object}
    DEPENDS ${own_archive}
    VERBATIM COMMAND_EXPAND_LISTS
  )
  zephyr_library_sources(${glue}/static_functions.c ${object})
  set_source_files_properties(${glue}/static_functions.c PROPERTIES GENERATED TRUE)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  zephyr_library_include_directories(src)
endfunction()
