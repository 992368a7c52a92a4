//! One thread of the standard library a slot, with wasmi in it.
//!
//! A thread of an operating system cannot be aborted, so a kill is seen between two slices of
//! fuel, or where the task waits for an answer. Memory is lent by moving a copy of it, since
//! no two threads can hold the same one here; firmware lends the memory itself.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use edgerm_driver::port::{Answer, ThreadEvent, Threads};
use edgerm_driver::run_task;
use edgerm_linux_agent::engine::{WasmiEngine, WasmiTask};
use edgerm_task_abi::{
    Call, CallHandler, Engine, Outcome, StartError, Step, Suspended, Task, TaskEnd, TaskLimits,
};

use crate::platform::Waker;

/// Fuel between two looks at whether the task is to end.
const SLICE: u64 = 100_000;

pub(crate) struct StdThreads {
    slots: Vec<Option<Slot>>,
    waker: Waker,
}

struct Slot {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
    /// The memory of a task that waits for an answer.
    lent: Vec<u8>,
}

/// What the agent's thread and a task's share.
struct Desk {
    is_aborted: AtomicBool,
    inside: Mutex<Inside>,
    answered: Condvar,
    waker: Waker,
}

#[derive(Default)]
struct Inside {
    events: VecDeque<ThreadEvent>,
    memory: Vec<u8>,
    answer: Option<Answer>,
}

impl StdThreads {
    pub(crate) fn new(slots: usize, waker: Waker) -> Self {
        Self {
            slots: (0..slots).map(|_| None).collect(),
            waker,
        }
    }

    fn slot(&mut self, slot: usize) -> &mut Slot {
        self.slots[slot].as_mut().expect("the slot is in use")
    }
}

impl Threads for StdThreads {
    type Module = Arc<[u8]>;

    fn start(&mut self, slot: usize, module: Arc<[u8]>, limits: TaskLimits) {
        assert!(self.slots[slot].is_none(), "the slot is free");
        let desk = Arc::new(Desk {
            is_aborted: AtomicBool::new(false),
            inside: Mutex::default(),
            answered: Condvar::new(),
            waker: self.waker.clone(),
        });
        let own = Arc::clone(&desk);
        let thread = thread::spawn(move || {
            let engine = Sliced(WasmiEngine::default(), Arc::clone(&own));
            let calls = Calls(Arc::clone(&own));
            let ended = run_task(engine, &module, limits, calls, || {
                own.tell(ThreadEvent::Started);
            });
            drop(module);
            own.tell(match ended {
                Ok(_) if own.is_aborted() => ThreadEvent::Ended(TaskEnd::Killed),
                Ok(end) => ThreadEvent::Ended(end),
                Err(error) => ThreadEvent::NotStarted(error),
            });
        });
        let lent = Vec::new();
        self.slots[slot] = Some(Slot { desk, thread, lent });
    }

    fn poll(&mut self, slot: usize) -> Option<ThreadEvent> {
        let own = self.slot(slot);
        let mut inside = own.desk.inside.lock().unwrap();
        let event = inside.events.pop_front()?;
        match event {
            ThreadEvent::Started => {}
            ThreadEvent::Called(_) => own.lent = std::mem::take(&mut inside.memory),
            ThreadEvent::NotStarted(_) | ThreadEvent::Ended(_) => {
                drop(inside);
                let slot = self.slots[slot].take().expect("the slot is in use");
                slot.thread.join().expect("no task's thread panics");
            }
        }
        Some(event)
    }

    fn memory(&mut self, slot: usize) -> &mut [u8] {
        &mut self.slot(slot).lent
    }

    fn answer(&mut self, slot: usize, answer: Answer) {
        let own = self.slot(slot);
        let mut inside = own.desk.inside.lock().unwrap();
        inside.memory = std::mem::take(&mut own.lent);
        inside.answer = Some(answer);
        own.desk.answered.notify_all();
    }

    fn abort(&mut self, slot: usize) {
        let desk = &self.slot(slot).desk;
        let _inside = desk.inside.lock().unwrap();
        desk.is_aborted.store(true, Ordering::Relaxed);
        desk.answered.notify_all();
    }
}

impl Desk {
    fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Relaxed)
    }

    fn tell(&self, event: ThreadEvent) {
        self.inside.lock().unwrap().events.push_back(event);
        self.waker.wake();
    }
}

/// Puts each call before the driver, and waits.
struct Calls(Arc<Desk>);

impl CallHandler for Calls {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        let Self(desk) = self;
        let mut inside = desk.inside.lock().unwrap();
        inside.memory = memory.to_vec();
        inside.events.push_back(ThreadEvent::Called(call));
        desk.waker.wake();
        let inside = desk.answered.wait_while(inside, |inside| {
            inside.answer.is_none() && !desk.is_aborted()
        });
        let mut inside = inside.unwrap();
        match inside.answer.take() {
            Some(answer) => {
                memory.copy_from_slice(&inside.memory);
                answer.into()
            }
            // Aborted: whatever it ends with, it was killed.
            None => Outcome::Exit(0),
        }
    }

    fn resume(&mut self, _: Suspended, _: &mut [u8]) -> Outcome {
        unreachable!("the driver keeps calls that wait")
    }
}

/// wasmi, which looks between slices whether it is to end.
struct Sliced(WasmiEngine, Arc<Desk>);

struct SlicedTask<C: 'static>(WasmiTask<C>, Arc<Desk>);

impl Engine for Sliced {
    type Task<'wasm, C: CallHandler + 'static> = SlicedTask<C>;

    fn start<C: CallHandler + 'static>(
        self,
        wasm: &[u8],
        limits: TaskLimits,
        calls: C,
    ) -> Result<SlicedTask<C>, StartError> {
        let task = self.0.start(wasm, limits, calls)?;
        Ok(SlicedTask(task, self.1))
    }
}

impl<C: CallHandler> Task for SlicedTask<C> {
    fn run(&mut self, _: u64) -> Step {
        loop {
            match self.0.run(SLICE) {
                Step::OutOfFuel if self.1.is_aborted() => return Step::End(TaskEnd::Killed),
                Step::OutOfFuel => {}
                step @ (Step::Wait(_) | Step::End(_)) => return step,
            }
        }
    }
}
