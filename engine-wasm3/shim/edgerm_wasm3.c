/*
 * wasm3 and what EdgeRM needs around it, as one unit to compile: the include path holds wasm3's
 * source folder, which stays as its authors made it. A macro over an #include replaces a
 * function of wasm3 for the file that calls it.
 */
#include "edgerm_wasm3_config.h"

#include <setjmp.h>

#include "m3_core.c"

#include "edgerm_wasm3.h"

struct edgerm_wasm3 {
	struct edgerm_wasm3_heap heap;
	struct edgerm_wasm3_limits limits;
	IM3Environment environment;
	IM3Runtime runtime;
	IM3Module module;
	IM3Function entry;
	edgerm_wasm3_call *call;
	void *calls;
	uint8_t *stack_limit;
	int32_t exit_code;
	int32_t no_room; /* The status where the arena has no more. */
	jmp_buf left;    /* Where wasm3 is left to. */
};

/* ------------------------------------------------------------------ the task of this thread */

#if !defined(EDGERM_WASM3_OWN_CURRENT)
void **edgerm_wasm3_current(void)
{
#if defined(EDGERM_WASM3_ONE_THREAD)
	static void *current;
#else
	static _Thread_local void *current;
#endif
	return &current;
}
#endif

static struct edgerm_wasm3 *edgerm_task(void)
{
	return *edgerm_wasm3_current();
}

/* Leaves wasm3 from anywhere within it. */
static _Noreturn void edgerm_leave(int32_t status)
{
	longjmp(edgerm_task()->left, status);
}

static void *edgerm_or_leave(void *block)
{
	if (!block) {
		edgerm_leave(edgerm_task()->no_room);
	}
	return block;
}

void *edgerm_wasm3_calloc(size_t count, size_t size)
{
	/* wasm3 multiplies by itself; its count is a number of bytes, its size 1. */
	size_t bytes = count * size;
	void *block = edgerm_or_leave(edgerm_wasm3_heap_allocate(&edgerm_task()->heap, bytes));
	return memset(block, 0, bytes);
}

void *edgerm_wasm3_realloc(void *block, size_t size)
{
	struct edgerm_wasm3_heap *heap = &edgerm_task()->heap;
	return edgerm_or_leave(block ? edgerm_wasm3_heap_reallocate(heap, block, size)
				     : edgerm_wasm3_heap_allocate(heap, size));
}

void edgerm_wasm3_free(void *block)
{
	if (block) {
		edgerm_wasm3_heap_free(&edgerm_task()->heap, block);
	}
}

/* --------------------------------------------------------------------- wasm3, as restricted */

/*
 * Compiling recurses for each block within a block, before each of which it reads an opcode.
 * Tail calls are of no feature that an agent tells of.
 */
static M3Result edgerm_read_opcode(m3opcode_t *opcode, bytes_t *bytes, cbytes_t end)
{
	if ((uint8_t *)m3_NativeStackPtr() < edgerm_task()->stack_limit) {
		edgerm_leave(EDGERM_WASM3_NO_ROOM);
	}
	M3Result result = Read_opcode(opcode, bytes, end);
	if (!result && (*opcode == c_waOp_returnCall || *opcode == c_waOp_returnCallIndirect)) {
		result = m3Err_unknownOpcode;
	}
	return result;
}

/* wasm3 reads types that it has no operations for, and then emits NULL for them. */
static bool edgerm_is_number(m3type_t type)
{
	return type == c_m3Type_i32 || type == c_m3Type_i64 ||
	       (EDGERM_WASM3_FLOATS && (type == c_m3Type_f32 || type == c_m3Type_f64));
}

static M3Result edgerm_normalize_type(u8 *type, i8 wasm)
{
	M3Result result = NormalizeType(type, wasm);
	if (!result && *type != c_m3Type_none && !edgerm_is_number(*type)) {
		result = m3Err_invalidTypeId;
	}
	return result;
}

static M3Result edgerm_parse_value_type(IM3Module module, m3type_t *type, bytes_t *bytes,
					cbytes_t end)
{
	M3Result result = ParseValueType(module, type, bytes, end);
	if (!result && !edgerm_is_number(*type)) {
		result = m3Err_invalidTypeId;
	}
	return result;
}

/* memory.grow: -1 beyond the module's own maximum, the end beyond that of its launch. */
static M3Result edgerm_grow(IM3Runtime runtime, u32 pages)
{
	const M3Memory *memory = &runtime->memory;
	if (pages > memory->maxPages) {
		return m3Err_wasmMemoryOverflow;
	}
	if ((u64)pages * memory->pageSize > edgerm_task()->limits.memory_bytes) {
		edgerm_leave(EDGERM_WASM3_OUT_OF_MEMORY);
	}
	return ResizeMemory(runtime, pages);
}

#include "m3_function.c"
#include "m3_code.c"
#include "m3_module.c"
#include "m3_parse.c"
#include "m3_bind.c"

#define NormalizeType edgerm_normalize_type
#define ParseValueType edgerm_parse_value_type
#define Read_opcode edgerm_read_opcode
#define ResizeMemory edgerm_grow
/* Functions and loops begin with this, and each of them keeps a frame of the native stack. */
#undef d_m3ClearRegisters
#if EDGERM_WASM3_FLOATS
#define d_m3ClearRegisters d_m3CheckNativeStack(); _r0 = 0; _fp0 = 0.;
#else
#define d_m3ClearRegisters d_m3CheckNativeStack(); _r0 = 0;
#endif
#include "m3_compile.c"
#undef Read_opcode
#undef ResizeMemory
/* It names its types by letters, which m3_compile.c does as well. */
#undef none
#undef any
#include "m3_validate.c"
#undef NormalizeType
#undef ParseValueType

#include "m3_env.c"

#include "start.h"
#include "run.h"
