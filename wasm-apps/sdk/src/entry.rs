//! The entry of a task, and its exit code.

use edgerm_task_abi::ErrorCode;

/// What a task's function returns.
pub trait ExitCode {
    /// The exit code; 0 is success.
    fn exit_code(self) -> i32;
}

impl ExitCode for () {
    fn exit_code(self) -> i32 {
        0
    }
}

impl ExitCode for i32 {
    fn exit_code(self) -> i32 {
        self
    }
}

impl<T: ExitCode> ExitCode for Result<T, ErrorCode> {
    /// Of an error, its number without the sign: 2 is [`ErrorCode::NotFound`].
    fn exit_code(self) -> i32 {
        match self {
            Ok(value) => value.exit_code(),
            Err(error) => -error.code(),
        }
    }
}

/// Makes a function the task: `edgerm_task::main!(run);`. It returns what is an [`ExitCode`].
#[macro_export]
macro_rules! main {
    ($run:path) => {
        /// Runs the task.
        #[unsafe(no_mangle)]
        pub extern "C" fn _start() -> i32 {
            $crate::ExitCode::exit_code($run())
        }
    };
}
