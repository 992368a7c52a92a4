/* Part of edgerm_wasm3.c: from a task to its end. */

static int32_t edgerm_end(struct edgerm_wasm3 *task, M3Result result)
{
	static const struct {
		const M3Result *result;
		int32_t status;
	} ends[] = {
		{&m3Err_trapExit, EDGERM_WASM3_EXITED},
		{&m3Err_trapUnreachable, EDGERM_WASM3_UNREACHABLE},
		{&m3Err_trapOutOfBoundsMemoryAccess, EDGERM_WASM3_MEMORY_OUT_OF_BOUNDS},
		{&m3Err_trapStackOverflow, EDGERM_WASM3_STACK_OVERFLOW},
		{&m3Err_trapDivisionByZero, EDGERM_WASM3_DIVISION_BY_ZERO},
		{&m3Err_trapIntegerOverflow, EDGERM_WASM3_INTEGER_OVERFLOW},
		{&m3Err_trapIntegerConversion, EDGERM_WASM3_INTEGER_OVERFLOW},
		{&m3Err_trapTableIndexOutOfRange, EDGERM_WASM3_TABLE_OUT_OF_BOUNDS},
		{&m3Err_trapTableElementIsNull, EDGERM_WASM3_INDIRECT_CALL},
		{&m3Err_trapIndirectCallTypeMismatch, EDGERM_WASM3_INDIRECT_CALL},
	};

	if (!result) {
		task->exit_code = task->entry->funcType->numRets ? *(i32 *)task->runtime->stack : 0;
		return EDGERM_WASM3_EXITED;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); ++i) {
		if (*ends[i].result == result) {
			return ends[i].status;
		}
	}
	return EDGERM_WASM3_ENGINE;
}

int32_t edgerm_wasm3_run(struct edgerm_wasm3 *task, edgerm_wasm3_call *call, void *calls,
			 int32_t *exit_code)
{
	void **current = edgerm_wasm3_current();
	void *const outer = *current;

	*current = task;
	task->call = call;
	task->calls = calls;
	task->stack_limit = edgerm_stack_limit(task, m3_NativeStackPtr());
	task->runtime->stackLimit = task->stack_limit;
	task->no_room = EDGERM_WASM3_OUT_OF_MEMORY;
	int32_t status = setjmp(task->left);
	if (!status) {
		m3ret_t result = RunCode(task->entry->compiled, (m3stack_t)task->runtime->stack,
					 task->runtime->memory.mallocated, d_m3OpDefaultArgs);
		status = edgerm_end(task, (M3Result)result);
	}
	*current = outer;
	*exit_code = task->exit_code;
	return status;
}
