//! The functions of `include/edgerm.h`, and those that the C part starts threads with.
#![expect(unsafe_code, reason = "C calls these, and gives pointers")]

use core::ffi::{c_int, c_void};

use edgerm_protocol::AgentId;
use edgerm_zephyr_rtos::{Errno, registry};
use edgerm_zephyr_sys as sys;

use crate::{api, task, thread};

#[unsafe(no_mangle)]
extern "C" fn edgerm_agent_main() {
    thread::run();
}

#[unsafe(no_mangle)]
extern "C" fn edgerm_task_main(slot: usize) {
    task::main(slot);
}

#[unsafe(no_mangle)]
extern "C" fn edgerm_start() -> c_int {
    api::start().map_or(-(sys::EALREADY as c_int), |()| 0)
}

#[unsafe(no_mangle)]
extern "C" fn edgerm_stop() -> c_int {
    if api::stop() {
        0
    } else {
        -(sys::EALREADY as c_int)
    }
}

/// # Safety
///
/// `state` is null or can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_state(state: *mut sys::edgerm_state) {
    let told = api::state();
    // SAFETY: the caller's.
    if let Some(state) = unsafe { state.as_mut() } {
        *state = sys::edgerm_state {
            running: told.running,
            registered: told.agent.is_some(),
            agent: told.agent.map_or(0, |AgentId(agent)| agent.into()),
            tasks: told.tasks as u32,
        };
    }
}

/// # Safety
///
/// As `edgerm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_device_register(device: *mut sys::edgerm_device) -> c_int {
    // SAFETY: the caller's.
    added(unsafe { registry::add_device(device) })
}

/// # Safety
///
/// As `edgerm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_attribute_add(attribute: *mut sys::edgerm_attribute) -> c_int {
    // SAFETY: the caller's.
    added(unsafe { registry::add_attribute(attribute) })
}

/// # Safety
///
/// As `edgerm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_hook(hook: sys::edgerm_hook_fn, user: *mut c_void) {
    // SAFETY: the caller's.
    unsafe { registry::set_hook(hook, user) };
}

fn added(added: Result<(), Errno>) -> c_int {
    match added {
        Ok(()) => {
            api::changed();
            0
        }
        Err(Errno(errno)) => -errno,
    }
}
