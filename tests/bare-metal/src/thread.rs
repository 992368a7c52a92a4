//! The task: its thread, its arena, and what is said between it and the agent.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use edgerm_driver::port::{Answer, ThreadEvent, Threads};
use edgerm_driver::run_task;
use edgerm_engine_wasm3::{Arena, Settings, Wasm3Engine};
use edgerm_task_abi::{Call, CallHandler, Outcome, Suspended, TaskEnd, TaskLimits};

use crate::switch::{self, Stack};

/// Tasks that run at once.
pub(crate) const SLOTS: usize = 1;

/// Bytes of the arena, which has the task's memory and all that wasm3 needs for it.
const ARENA_BYTES: usize = 20 * 1024;

/// Bytes of memory that a task may have: what wasm3 leaves of the arena for the SDK's tasks.
pub(crate) const TASK_MEMORY: u32 = 8 * 1024;

/// What wasm3 uses of the task's stack, and as much for what is around it.
const STACK_BYTES: usize = 5 * 1024;

static mut ARENA: Arena<ARENA_BYTES> = Arena::new();
static mut STACK: Stack<STACK_BYTES> = Stack([0; STACK_BYTES]);

static DESK: Desk = Desk {
    told: AtomicBool::new(false),
    papers: UnsafeCell::new(Papers {
        module: &[],
        limits: TaskLimits {
            memory_bytes: 0,
            table_elements: 0,
        },
        event: None,
        memory: None,
        answer: None,
    }),
};

/// What lies between the agent and the task.
struct Desk {
    /// Whether the task has something told, and stands still until the agent has dealt with it.
    told: AtomicBool,
    papers: UnsafeCell<Papers>,
}

struct Papers {
    /// What the task is to run.
    module: &'static [u8],
    limits: TaskLimits,
    /// What it tells.
    event: Option<ThreadEvent>,
    /// Its memory, lent with a call.
    memory: Option<(*mut u8, usize)>,
    answer: Option<Answer>,
}

// SAFETY: the papers are the task's while it runs and `told` is not set, else the agent's; each
// of the two is one thread, and they meet on one processor.
unsafe impl Sync for Desk {}

impl Desk {
    /// The papers.
    ///
    /// # Safety
    ///
    /// For the agent while the task does not run, or has told something; for the task while it
    /// has not. Not twice at once.
    #[expect(clippy::mut_from_ref, reason = "whose they are is told by `told`")]
    unsafe fn papers(&self) -> &mut Papers {
        // SAFETY: the caller promises that they are its own.
        unsafe { &mut *self.papers.get() }
    }

    /// Tells the agent something, and waits until it has dealt with it. For the task.
    fn tell(&self, event: ThreadEvent) {
        // SAFETY: this is the task, and nothing is told yet.
        unsafe { self.papers() }.event = Some(event);
        self.told.store(true, Ordering::Release);
        while self.told.load(Ordering::Acquire) {
            switch::yield_now();
        }
    }
}

/// The thread of the one slot.
pub(crate) struct TaskThread(Phase);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Free,
    /// It is in wasm, or has told something that was not polled.
    Runs,
    /// It waits for an answer.
    Waits,
    /// It is forgotten, which is not told yet.
    Aborted,
}

impl TaskThread {
    pub(crate) const fn new() -> Self {
        Self(Phase::Free)
    }

    /// Whether the task has something to do.
    pub(crate) fn may_run(&self) -> bool {
        self.0 == Phase::Runs && !DESK.told.load(Ordering::Acquire)
    }
}

impl Threads for TaskThread {
    type Module = &'static [u8];

    fn start(&mut self, _: usize, module: &'static [u8], limits: TaskLimits) {
        // SAFETY: no task runs: the slot is free.
        let papers = unsafe { DESK.papers() };
        *papers = Papers {
            module,
            limits,
            event: None,
            memory: None,
            answer: None,
        };
        DESK.told.store(false, Ordering::Release);
        // SAFETY: no task runs that could be on it.
        unsafe { switch::prepare(&raw mut STACK, run) }
        self.0 = Phase::Runs;
    }

    fn poll(&mut self, _: usize) -> Option<ThreadEvent> {
        match self.0 {
            Phase::Free | Phase::Waits => return None,
            Phase::Aborted => {
                self.0 = Phase::Free;
                return Some(ThreadEvent::Ended(TaskEnd::Killed));
            }
            Phase::Runs if !DESK.told.load(Ordering::Acquire) => return None,
            Phase::Runs => {}
        }
        // SAFETY: the task has told something.
        let event = unsafe { DESK.papers() }.event.take()?;
        match event {
            ThreadEvent::Started => DESK.told.store(false, Ordering::Release),
            ThreadEvent::Called(_) => self.0 = Phase::Waits,
            ThreadEvent::NotStarted(_) | ThreadEvent::Ended(_) => self.0 = Phase::Free,
        }
        Some(event)
    }

    fn memory(&mut self, _: usize) -> &mut [u8] {
        if self.0 != Phase::Waits {
            return &mut [];
        }
        // SAFETY: the task waits for an answer.
        match unsafe { DESK.papers() }.memory {
            // SAFETY: the task lends it until it is answered, and this borrow ends before that,
            // since to answer takes `self` as well.
            Some((start, bytes)) => unsafe { core::slice::from_raw_parts_mut(start, bytes) },
            None => &mut [],
        }
    }

    fn answer(&mut self, _: usize, answer: Answer) {
        if self.0 != Phase::Waits {
            return;
        }
        // SAFETY: the task waits for an answer.
        let papers = unsafe { DESK.papers() };
        papers.answer = Some(answer);
        papers.memory = None;
        self.0 = Phase::Runs;
        DESK.told.store(false, Ordering::Release);
    }

    fn abort(&mut self, _: usize) {
        // Nothing runs it any more, and nobody but it uses its stack and its arena.
        self.0 = Phase::Aborted;
    }
}

/// Where the task's thread begins.
extern "C" fn run() -> ! {
    // SAFETY: this is the task, which has told nothing yet; the arena is that of the one task
    // there is.
    let (papers, arena) = unsafe { (DESK.papers(), &mut *(&raw mut ARENA)) };
    let (module, limits) = (papers.module, papers.limits);
    let engine = Wasm3Engine::new(&mut arena.0, Settings::default());
    let started = || DESK.tell(ThreadEvent::Started);
    let event = match run_task(engine, module, limits, Calls, started) {
        Ok(end) => ThreadEvent::Ended(end),
        Err(error) => ThreadEvent::NotStarted(error),
    };
    loop {
        // The agent forgets this thread when it hears it.
        DESK.tell(event);
    }
}

/// Puts each call before the agent, and waits.
struct Calls;

impl CallHandler for Calls {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        // SAFETY: this is the task, and nothing is told yet.
        unsafe { DESK.papers() }.memory = Some((memory.as_mut_ptr(), memory.len()));
        DESK.tell(ThreadEvent::Called(call));
        // SAFETY: this is the task, and what it told is dealt with.
        let answer = unsafe { DESK.papers() }.answer.take();
        answer.map_or(Outcome::Exit(NO_ANSWER), Outcome::from)
    }

    /// The driver keeps calls that wait.
    fn resume(&mut self, _: Suspended, _: &mut [u8]) -> Outcome {
        Outcome::Exit(NO_ANSWER)
    }
}

/// How a task would end that went on without an answer, which the agent does not let it.
const NO_ANSWER: i32 = -1;
