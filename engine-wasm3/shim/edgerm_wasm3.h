/*
 * wasm3 for one task in one arena: what src/ffi.rs declares once more in Rust.
 *
 * Whatever fails within wasm3 for want of memory leaves it at once, over all its frames, so
 * that none of its error paths runs with half of a structure: after a call here has failed, or
 * its thread was aborted in it, the arena is to be forgotten.
 */
#ifndef EDGERM_WASM3_H
#define EDGERM_WASM3_H

#include <stddef.h>
#include <stdint.h>

/* Why a task did not start, or how it ended. */
enum edgerm_wasm3_status {
	EDGERM_WASM3_OK = 0,

	EDGERM_WASM3_MODULE = 1,
	EDGERM_WASM3_IMPORT = 2,
	EDGERM_WASM3_EXPORT = 3,
	EDGERM_WASM3_MEMORY = 4,
	EDGERM_WASM3_TABLE = 5,
	EDGERM_WASM3_SEGMENT = 6,
	EDGERM_WASM3_NO_ROOM = 7,

	EDGERM_WASM3_EXITED = 16,
	EDGERM_WASM3_UNREACHABLE = 17,
	EDGERM_WASM3_MEMORY_OUT_OF_BOUNDS = 18,
	EDGERM_WASM3_OUT_OF_MEMORY = 19,
	EDGERM_WASM3_STACK_OVERFLOW = 20,
	EDGERM_WASM3_DIVISION_BY_ZERO = 21,
	EDGERM_WASM3_INTEGER_OVERFLOW = 22,
	EDGERM_WASM3_TABLE_OUT_OF_BOUNDS = 23,
	EDGERM_WASM3_INDIRECT_CALL = 24,
	EDGERM_WASM3_ENGINE = 25,
};

/* What a task may use. */
struct edgerm_wasm3_limits {
	uint64_t memory_bytes;   /* Of linear memory, at any time. */
	uint32_t table_elements; /* Of all its tables. */
	uint32_t wasm_stack;     /* Bytes for its locals and operands, in the arena. */
	uint32_t native_stack;   /* Bytes below the caller's frame that wasm3 may use. */
	uint32_t reserved;
};
_Static_assert(sizeof(struct edgerm_wasm3_limits) == 24, "as in src/ffi.rs");

/* A heap within an arena; src/heap.rs. */
struct edgerm_wasm3_heap {
	uint8_t *base;
	uint32_t bytes;
	uint32_t peak;
};
_Static_assert(sizeof(struct edgerm_wasm3_heap) == sizeof(void *) + 8, "as in src/heap.rs");

/* What becomes of a call out of a task. */
enum edgerm_wasm3_outcome {
	EDGERM_WASM3_RETURN = 0,
	EDGERM_WASM3_EXIT = 1,
	EDGERM_WASM3_FAIL = 2,
};

/*
 * Answers a call of host function number `function`. `cells` hold a place for its result, if it
 * has one, and then its arguments.
 */
typedef int32_t edgerm_wasm3_call(void *calls, uint32_t function, uint64_t *cells,
				  uint8_t *memory, size_t memory_bytes, int32_t *exit_code);

struct edgerm_wasm3;

/*
 * Takes an arena, which is aligned to 8 bytes. NULL where it is too small for anything.
 */
struct edgerm_wasm3 *edgerm_wasm3_new(uint8_t *arena, size_t bytes);

/*
 * Makes a task of a module, which stays where it is for as long as the task. `entry` is the
 * index of its entry function. Where it asks for too much memory, `needed` says how much.
 */
int32_t edgerm_wasm3_start(struct edgerm_wasm3 *task, const uint8_t *wasm, uint32_t bytes,
			   uint32_t entry, const struct edgerm_wasm3_limits *limits,
			   uint64_t *needed);

/* Runs a task, once, to its end. `exit_code` is set where it is EDGERM_WASM3_EXITED. */
int32_t edgerm_wasm3_run(struct edgerm_wasm3 *task, edgerm_wasm3_call *call, void *calls,
			 int32_t *exit_code);

/* Bytes of the arena that were in use at most, all told. */
uint32_t edgerm_wasm3_peak(const struct edgerm_wasm3 *task);

/* Whether this build knows f32 and f64. */
int32_t edgerm_wasm3_has_floats(void);

/*
 * Where the calling thread keeps a pointer for this code: NULL in a new thread, and forgotten
 * with it. Built in, as a thread-local variable or, with EDGERM_WASM3_ONE_THREAD, a global one;
 * with EDGERM_WASM3_OWN_CURRENT the embedder defines it, as over Zephyr's thread custom data.
 */
void **edgerm_wasm3_current(void);

/* In Rust: src/heap.rs. NULL where there is no room. */
void edgerm_wasm3_heap_init(struct edgerm_wasm3_heap *heap, uint8_t *base, uint32_t bytes);
void *edgerm_wasm3_heap_allocate(struct edgerm_wasm3_heap *heap, size_t bytes);
void *edgerm_wasm3_heap_reallocate(struct edgerm_wasm3_heap *heap, void *block, size_t bytes);
void edgerm_wasm3_heap_free(struct edgerm_wasm3_heap *heap, void *block);

/*
 * In Rust: src/imports.rs. The number of the host function of these names and types (results,
 * then parameters, as M3ValueType), or -1.
 */
int32_t edgerm_wasm3_find_import(const char *module, const char *field, const uint8_t *types,
				 uint32_t results, uint32_t params);

#endif
