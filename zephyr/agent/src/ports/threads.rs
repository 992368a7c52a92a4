//! A thread and an arena a slot.

use edgerm_driver::flash::ModuleBytes;
use edgerm_driver::port::{Answer, ThreadEvent, Threads};
use edgerm_task_abi::{TaskEnd, TaskLimits};
use edgerm_zephyr_rtos::desk::Loan;
use edgerm_zephyr_rtos::thread::{self, SLOTS};

use crate::task::{self, Order};

/// Zephyr's threads.
#[derive(Debug, Default)]
pub(crate) struct TaskThreads {
    slots: [Slot; SLOTS],
}

#[derive(Debug, Default)]
struct Slot {
    /// What its thread runs, until it is free.
    module: Option<ModuleBytes>,
    /// The memory of its task, which waits for an answer.
    loan: Option<Loan>,
}

impl Threads for TaskThreads {
    type Module = ModuleBytes;

    fn start(&mut self, slot: usize, module: ModuleBytes, limits: TaskLimits) {
        let (Some(own), Some(desk)) = (self.slots.get_mut(slot), task::desk(slot)) else {
            return;
        };
        let module = own.module.insert(module);
        desk.open(Order::new(module.as_ref(), limits));
        thread::start_task(slot);
    }

    fn poll(&mut self, slot: usize) -> Option<ThreadEvent> {
        let own = self.slots.get_mut(slot)?;
        let (event, loan) = task::desk(slot)?.poll()?;
        match event {
            ThreadEvent::Started => {}
            ThreadEvent::Called(_) => own.loan = loan,
            ThreadEvent::NotStarted(_) | ThreadEvent::Ended(_) => {
                task::reclaim(slot);
                own.module = None;
            }
        }
        Some(event)
    }

    fn memory(&mut self, slot: usize) -> &mut [u8] {
        let loan = self.slots.get_mut(slot).and_then(|own| own.loan.as_mut());
        loan.map_or(&mut [], Loan::bytes)
    }

    fn answer(&mut self, slot: usize, answer: Answer) {
        let loan = self.slots.get_mut(slot).and_then(|own| own.loan.take());
        if let (Some(loan), Some(desk)) = (loan, task::desk(slot)) {
            desk.answer(loan, answer);
        }
    }

    fn abort(&mut self, slot: usize) {
        let (Some(own), Some(desk)) = (self.slots.get_mut(slot), task::desk(slot)) else {
            return;
        };
        own.loan = None;
        thread::abort_task(slot);
        desk.close(
            ThreadEvent::Ended(TaskEnd::Killed),
            |event| matches!(event, ThreadEvent::Called(_)),
            |event| matches!(event, ThreadEvent::Ended(_) | ThreadEvent::NotStarted(_)),
        );
    }
}
