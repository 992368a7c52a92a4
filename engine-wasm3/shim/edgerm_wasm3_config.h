/*
 * How wasm3 is built for EdgeRM: the one list of its settings, whoever compiles it.
 *
 * A board may set what stands between #ifndef and #endif; all else is relied upon.
 */
#ifndef EDGERM_WASM3_CONFIG_H
#define EDGERM_WASM3_CONFIG_H

#include <stdlib.h>

#if !defined(__OPTIMIZE__)
#error "wasm3 needs tail calls, or its loops eat the stack: compile it with -O2 or -Os"
#endif

/* f32 and f64: 20 KB of code, and more where the processor has none. */
#ifndef EDGERM_WASM3_FLOATS
#define EDGERM_WASM3_FLOATS 0
#endif

/*
 * Values on the operand stack of one function, and its locals. Bounds what compiling takes of
 * the native stack and of the arena: some 8 bytes each in both.
 */
#ifndef EDGERM_WASM3_FUNCTION_HEIGHT
#define EDGERM_WASM3_FUNCTION_HEIGHT 128
#endif

/* Blocks within blocks of one function: compiling one takes a frame of the native stack. */
#ifndef EDGERM_WASM3_BLOCK_DEPTH
#define EDGERM_WASM3_BLOCK_DEPTH 48
#endif

/* Bytes that the arena is asked for when compiled code needs more. */
#ifndef EDGERM_WASM3_CODE_PAGE
#define EDGERM_WASM3_CODE_PAGE 1024
#endif

#define d_m3HasFloat EDGERM_WASM3_FLOATS
#define d_m3NoFloatDynamic 0 /* A module with floats is refused, not ended in the middle. */
#define d_m3MaxFunctionStackHeight EDGERM_WASM3_FUNCTION_HEIGHT
#define d_m3ValCtrlDepth EDGERM_WASM3_BLOCK_DEPTH
#define d_m3CodePageAlignSize EDGERM_WASM3_CODE_PAGE
#define d_m3MaxConstantTableSize 64
#define d_m3MaxDuplicateFunctionImpl 1 /* Names are looked up in the module's bytes. */
#define d_m3Use32BitSlots 1
#define d_m3CascadedOpcodes 0
#define d_m3VerboseErrorMessages 0
#define d_m3FixedHeap 0
#define d_m3HasRefTypes 0
#define d_m3HasExtendedConst 0
#define d_m3HasCompactImports 0
#define d_m3HasTypedRefs 0
#define d_m3RecordBacktraces 0
#define d_m3EnableStrace 0
#define d_m3EnableValidation 1
#define d_m3SkipStackCheck 0
#define d_m3SkipMemoryBoundsCheck 0
#define d_m3MaxNativeStack 1 /* Checked; each run sets where. */

/* Every allocation comes out of the arena of the task that the thread runs. */
#define calloc edgerm_wasm3_calloc
#define realloc edgerm_wasm3_realloc
#define free edgerm_wasm3_free
void *edgerm_wasm3_calloc(size_t count, size_t size);
void *edgerm_wasm3_realloc(void *block, size_t size);
void edgerm_wasm3_free(void *block);

#endif
