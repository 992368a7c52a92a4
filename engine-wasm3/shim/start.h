/* Part of edgerm_wasm3.c: from a module to a task. */

struct edgerm_wasm3 *edgerm_wasm3_new(uint8_t *arena, size_t bytes)
{
	struct edgerm_wasm3 *task = (struct edgerm_wasm3 *)arena;
	const size_t head = (sizeof(*task) + 7) & ~(size_t)7;
	_Static_assert(_Alignof(struct edgerm_wasm3) <= 8, "an arena is aligned to 8 bytes");

	if (bytes < head + 64 || bytes > INT32_MAX) {
		return NULL;
	}
	memset(task, 0, sizeof(*task));
	edgerm_wasm3_heap_init(&task->heap, arena + head, (uint32_t)(bytes - head));
	return task;
}

uint32_t edgerm_wasm3_peak(const struct edgerm_wasm3 *task)
{
	return (uint32_t)((task->heap.base - (const uint8_t *)task) + task->heap.peak);
}

int32_t edgerm_wasm3_has_floats(void)
{
	return EDGERM_WASM3_FLOATS;
}

/* No stack below this address for wasm3, seen from the frame of its caller. */
static uint8_t *edgerm_stack_limit(const struct edgerm_wasm3 *task, uint8_t *frame)
{
	return (uintptr_t)frame > task->limits.native_stack ? frame - task->limits.native_stack
							     : NULL;
}

static bool edgerm_has_numbers_only(const M3Module *module)
{
	for (u32 i = 0; i < module->numFuncTypes; ++i) {
		const M3FuncType *type = module->funcTypes[i];
		for (u32 t = 0; t < (u32)type->numRets + type->numArgs; ++t) {
			if (!edgerm_is_number(type->types[t])) {
				return false;
			}
		}
	}
	for (u32 i = 0; i < module->numGlobals; ++i) {
		if (!edgerm_is_number(module->globals[i].type)) {
			return false;
		}
	}
	return true;
}

/* What wasm3 would find when it compiles, and what it would let pass. */
static bool edgerm_is_valid(const M3Module *module)
{
	if (module->startFunction >= 0 || !edgerm_has_numbers_only(module)) {
		return false;
	}
	for (u32 i = module->numFuncImports; i < module->numFunctions; ++i) {
		if (ValidateFunction(&module->functions[i])) {
			return false;
		}
	}
	return true;
}

static int32_t edgerm_check_limits(const struct edgerm_wasm3 *task, uint64_t *needed)
{
	const M3Module *module = task->module;
	const M3MemoryInfo *memory = &module->memoryInfo;
	u64 elements = 0;

	*needed = (u64)memory->initPages *
		  (memory->pageSize ? memory->pageSize : d_m3DefaultMemPageSize);
	if (*needed > task->limits.memory_bytes) {
		return EDGERM_WASM3_MEMORY;
	}
	for (u32 i = 0; i < module->numTables; ++i) {
		elements += module->tables[i].size;
	}
	return elements > task->limits.table_elements ? EDGERM_WASM3_TABLE : EDGERM_WASM3_OK;
}

static int32_t edgerm_find_entry(struct edgerm_wasm3 *task, uint32_t entry)
{
	IM3Module module = task->module;

	task->entry = Module_GetFunction(module, entry);
	if (!task->entry || !module->memoryDeclared) {
		return EDGERM_WASM3_EXPORT;
	}
	const M3FuncType *type = task->entry->funcType;
	return type->numArgs == 0 && (type->numRets == 0 || (type->numRets == 1 &&
							     type->types[0] == c_m3Type_i32))
		       ? EDGERM_WASM3_OK
		       : EDGERM_WASM3_EXPORT;
}

static const void *edgerm_host_call(IM3Runtime runtime, IM3ImportContext import, uint64_t *cells,
				    void *memory)
{
	struct edgerm_wasm3 *task = runtime->userdata;

	switch (task->call(task->calls, (uint32_t)(uintptr_t)import->userdata, cells, memory,
			   runtime->memory.mallocated->length, &task->exit_code)) {
	case EDGERM_WASM3_RETURN:
		return m3Err_none;
	case EDGERM_WASM3_EXIT:
		return m3Err_trapExit;
	default:
		return m3Err_trapAbort;
	}
}

static int32_t edgerm_link(IM3Module module)
{
	for (u32 i = 0; i < module->numFuncImports; ++i) {
		IM3Function import = &module->functions[i];
		const M3FuncType *type = import->funcType;
		int32_t function = edgerm_wasm3_find_import(
			import->import.moduleUtf8, import->import.fieldUtf8, type->types,
			type->numRets, type->numArgs);
		if (function < 0) {
			return EDGERM_WASM3_IMPORT;
		}
		if (CompileRawFunction(module, import, (const void *)edgerm_host_call,
				       (const void *)(uintptr_t)function)) {
			return EDGERM_WASM3_NO_ROOM;
		}
		/* Nothing asks for the names any more, and code needs the room. */
		FreeImportInfo(&import->import);
		import->names[0] = NULL;
		import->numNames = 0;
	}
	return EDGERM_WASM3_OK;
}

/* Where a segment begins; wasm3 would compile that, into a page of code. */
static bool edgerm_constant(const M3Module *module, const M3DataSegment *segment, u32 *value)
{
	bytes_t at = segment->initExpr;
	cbytes_t end = at + segment->initExprSize;
	m3opcode_t opcode;
	u32 global;

	if (Read_opcode(&opcode, &at, end)) {
		return false;
	}
	if (opcode == c_waOp_i32_const) {
		return !ReadLEB_i32((i32 *)value, &at, end);
	}
	if (opcode == c_waOp_getGlobal && !ReadLEB_u32(&global, &at, end) &&
	    global < module->numGlobals && module->globals[global].type == c_m3Type_i32) {
		*value = (u32)module->globals[global].i32Value;
		return true;
	}
	return false;
}

static int32_t edgerm_fill_memory(IM3Runtime runtime, IM3Module module)
{
	for (u32 i = 0; i < module->numDataSegments; ++i) {
		M3DataSegment *segment = &module->dataSegments[i];
		M3MemoryHeader *memory = runtime->memory.mallocated;
		u32 at = 0;

		if (segment->isPassive) {
			continue;
		}
		if (!edgerm_constant(module, segment, &at)) {
			return EDGERM_WASM3_MODULE;
		}
		if ((u64)at + segment->size > memory->length) {
			return EDGERM_WASM3_SEGMENT;
		}
		memcpy(m3MemData(memory) + at, segment->data, segment->size);
		segment->dropped = true;
	}
	return EDGERM_WASM3_OK;
}

/*
 * What m3_LoadModule does, and compiling all of it, in another order: memory comes last, so that
 * it stands at the end of the arena and grows in place.
 */
static int32_t edgerm_load(struct edgerm_wasm3 *task, uint32_t entry, uint64_t *needed)
{
	IM3Module module = task->module;
	int32_t status;

	module->runtime = task->runtime;
	task->runtime->modules = module;
	if ((status = edgerm_link(module)) || (status = edgerm_check_limits(task, needed)) ||
	    (status = edgerm_find_entry(task, entry))) {
		return status;
	}
	if (InitGlobals(module)) {
		return EDGERM_WASM3_MODULE;
	}
	if (InitTableAndElements(module)) {
		return EDGERM_WASM3_SEGMENT;
	}
	if (m3_CompileModule(module)) {
		return EDGERM_WASM3_MODULE;
	}
	FreeCodePages(&task->environment->pagesReleased);
	if (InitMemory(task->runtime, module)) {
		return EDGERM_WASM3_NO_ROOM;
	}
	return edgerm_fill_memory(task->runtime, module);
}

static int32_t edgerm_make(struct edgerm_wasm3 *task, const uint8_t *wasm, uint32_t bytes,
			   uint32_t entry, uint64_t *needed)
{
	task->environment = m3_NewEnvironment();
	task->runtime = m3_NewRuntime(task->environment, task->limits.wasm_stack, task);
	if (m3_ParseModule(task->environment, &task->module, wasm, bytes) ||
	    !edgerm_is_valid(task->module)) {
		return EDGERM_WASM3_MODULE;
	}
	return edgerm_load(task, entry, needed);
}

int32_t edgerm_wasm3_start(struct edgerm_wasm3 *task, const uint8_t *wasm, uint32_t bytes,
			   uint32_t entry, const struct edgerm_wasm3_limits *limits,
			   uint64_t *needed)
{
	void **current = edgerm_wasm3_current();
	void *const outer = *current;

	*current = task;
	task->limits = *limits;
	task->stack_limit = edgerm_stack_limit(task, m3_NativeStackPtr());
	task->no_room = EDGERM_WASM3_NO_ROOM;
	int32_t status = setjmp(task->left);
	if (!status) {
		status = edgerm_make(task, wasm, bytes, entry, needed);
	}
	*current = outer;
	return status;
}
