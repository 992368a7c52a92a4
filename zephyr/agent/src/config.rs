//! Kconfig, as the driver takes it.

use core::time::Duration;

use edgerm_agent_core::Config;
use edgerm_coap::BlockSize;
use edgerm_engine_wasm3::Settings;
use edgerm_zephyr_rtos::thread::SLOTS;
use edgerm_zephyr_sys as sys;

/// Tasks in the agent's table: those that run, and one that has ended and is not acknowledged.
pub(crate) const TASKS: usize = SLOTS + 1;

/// Bytes of linear memory that one task may have.
pub(crate) const TASK_MEMORY: u32 = sys::CONFIG_EDGERM_TASK_MEMORY;

/// Bytes of a task's arena.
pub(crate) const ARENA: usize = TASK_MEMORY as usize + sys::CONFIG_EDGERM_TASK_CODE as usize;

/// Modules that are kept at most.
pub(crate) const MODULES: usize = sys::CONFIG_EDGERM_MODULES as usize;

/// Sensors and actuators at most.
pub(crate) const MAX_DEVICES: usize = sys::CONFIG_EDGERM_MAX_DEVICES as usize;

/// Bytes of the key-value store of one task.
pub(crate) const VALUES: usize = sys::CONFIG_EDGERM_TASK_VALUES as usize;

/// Bytes of log lines that are kept of one task.
pub(crate) const LOG_BYTES: usize = sys::CONFIG_EDGERM_LOG_BYTES as usize;

/// The engine's stacks.
pub(crate) const ENGINE: Settings = Settings {
    wasm_stack: sys::CONFIG_EDGERM_TASK_WASM_STACK,
    native_stack: sys::CONFIG_EDGERM_TASK_NATIVE_STACK,
};

/// What the node proves itself with, in hexadecimal digits.
#[cfg(CONFIG_EDGERM_SECURITY_CREDENTIAL)]
pub(crate) const CREDENTIAL: &str =
    match core::ffi::CStr::from_bytes_with_nul(sys::CONFIG_EDGERM_CREDENTIAL) {
        Ok(text) => match text.to_str() {
            Ok(text) => text,
            Err(_) => "",
        },
        Err(_) => "",
    };

/// Bytes of a module at most, where `largest` fit the partition.
pub(crate) fn max_module(largest: u32) -> u32 {
    largest.min(sys::CONFIG_EDGERM_MAX_MODULE)
}

/// How the agent behaves.
pub(crate) fn core(max_module: u32) -> Config {
    Config {
        ping_period: Duration::from_millis(sys::CONFIG_EDGERM_PING_PERIOD_MS.into()),
        max_task_mem: TASK_MEMORY,
        max_module,
        block_size: BlockSize::at_most(sys::CONFIG_EDGERM_BLOCK_SIZE as usize)
            .unwrap_or(BlockSize::B64),
        max_outputs: sys::CONFIG_EDGERM_MAX_OUTPUTS as usize,
        coap: edgerm_coap::Config {
            ack_timeout: Duration::from_millis(sys::CONFIG_EDGERM_ACK_TIMEOUT_MS.into()),
            pending: sys::CONFIG_EDGERM_COAP_PENDING as usize,
            replies: sys::CONFIG_EDGERM_COAP_REPLIES as usize,
            reply_bytes: sys::CONFIG_EDGERM_COAP_REPLY_BYTES as usize,
            ..edgerm_coap::Config::default()
        },
        ..Config::default()
    }
}
