//! What a task's thread does, and what it lives in: an arena and a desk a slot.
#![expect(
    unsafe_code,
    reason = "an arena and a module are lent to a thread, and taken back of one that was aborted"
)]

use core::slice;

use edgerm_driver::port::{Answer, ThreadEvent};
use edgerm_driver::run_task;
use edgerm_engine_wasm3::Wasm3Engine;
use edgerm_task_abi::{Call, CallHandler, Outcome, StartError, Suspended, TaskLimits};
use edgerm_zephyr_rtos::desk::Desk;
use edgerm_zephyr_rtos::memory::Region;
use edgerm_zephyr_rtos::thread::{self, SLOTS};

use crate::{api, config};

pub(crate) type TaskDesk = Desk<Order, ThreadEvent, Answer>;

static DESKS: [TaskDesk; SLOTS] = [const { Desk::new() }; SLOTS];
static ARENAS: [Region<{ config::ARENA }>; SLOTS] = [const { Region::new() }; SLOTS];

/// What a thread is to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    module: *const u8,
    length: usize,
    limits: TaskLimits,
}

// SAFETY: the module stays where it is, and as it is, until its slot is free: see `Order::new`.
unsafe impl Send for Order {}

impl Order {
    /// An order to run this module, which its slot keeps until [`reclaim`].
    pub(crate) const fn new(module: &[u8], limits: TaskLimits) -> Self {
        Self {
            module: module.as_ptr(),
            length: module.len(),
            limits,
        }
    }

    const fn module(&self) -> &[u8] {
        // SAFETY: see `Order::new`.
        unsafe { slice::from_raw_parts(self.module, self.length) }
    }
}

/// The desk of a slot; `None` where there is no such slot.
pub(crate) fn desk(slot: usize) -> Option<&'static TaskDesk> {
    DESKS.get(slot)
}

/// Runs what the slot's desk orders, on the slot's own thread.
pub(crate) fn main(slot: usize) {
    let (Some(desk), Some(region)) = (DESKS.get(slot), ARENAS.get(slot)) else {
        return;
    };
    let Some(order) = desk.order() else { return };
    let event = match region.take() {
        Some(arena) => {
            let engine = Wasm3Engine::new(arena, config::ENGINE);
            let started = || {
                desk.tell(ThreadEvent::Started);
                wake();
            };
            match run_task(engine, order.module(), order.limits, Calls(desk), started) {
                Ok(end) => ThreadEvent::Ended(end),
                Err(error) => ThreadEvent::NotStarted(error),
            }
        }
        None => ThreadEvent::NotStarted(StartError::NoRoom),
    };
    desk.tell(event);
    wake();
}

/// Ends the slot's thread, where it has not ended, and takes its arena back.
pub(crate) fn reclaim(slot: usize) {
    thread::abort_task(slot);
    if let Some(region) = ARENAS.get(slot) {
        // SAFETY: only the slot's thread has what the region gave, and it runs no more.
        unsafe { region.reclaim() };
    }
}

/// Wakes the agent's thread, and lets it run first.
fn wake() {
    api::wake();
    thread::yield_now();
}

/// Puts each call before the agent's thread, and waits.
#[derive(Clone, Copy, Debug)]
struct Calls(&'static TaskDesk);

impl CallHandler for Calls {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        let answer = self.0.ask(ThreadEvent::Called(call), memory, api::wake);
        // There is one, or this thread is aborted where it waits.
        answer.map_or(Outcome::Exit(0), Outcome::from)
    }

    fn resume(&mut self, _: Suspended, _: &mut [u8]) -> Outcome {
        // Nothing suspends here: the driver keeps calls that wait.
        Outcome::Exit(0)
    }
}
