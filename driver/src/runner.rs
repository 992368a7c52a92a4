//! What a task's thread does: from its module to its end.

use edgerm_task_abi::{CallHandler, Engine, StartError, Step, Task, TaskEnd, TaskLimits, Trap};

/// Runs a task to its end, on its own thread, in an engine of its own. `calls` puts each call
/// before the driver and waits for the [`crate::port::Answer`]; it never suspends. `started` is
/// called once the module is instantiated.
///
/// The engine may run as long as it likes: a kill does not wait for it, see
/// [`crate::port::Threads::abort`].
///
/// # Errors
///
/// [`StartError`] where the module does not fit the engine or the limits.
pub fn run_task<E: Engine>(
    engine: E,
    wasm: &[u8],
    limits: TaskLimits,
    calls: impl CallHandler + 'static,
    started: impl FnOnce(),
) -> Result<TaskEnd, StartError> {
    let mut task = engine.start(wasm, limits, calls)?;
    started();
    loop {
        match task.run(u64::MAX) {
            Step::OutOfFuel => {}
            Step::End(end) => return Ok(end),
            // Nothing here suspends a call: an engine that says so cannot be trusted further.
            Step::Wait(_) => return Ok(TaskEnd::Trapped(Trap::Engine)),
        }
    }
}
