//! How the agent's thread and a task's talk.
//!
//! ```text
//!   the agent's thread                        the task's thread
//!   ─────────────────────────────────         ─────────────────────────────────
//!   open(order), start the thread      ──▶    order()
//!   poll()                             ◀──    tell(event)
//!   poll(), loan: read, write memory   ◀──    ask(event, memory): waits
//!   answer(loan, answer)               ──▶      ... and goes on with the answer
//! ```

use core::fmt;
use core::slice;

use crate::guarded::Guarded;
use crate::semaphore::Semaphore;

/// Events that a task's thread tells before it waits, at most: that it started, and another one.
const EVENTS: usize = 2;

/// The desk of one task's thread, in a static. `O` is what it is to do, `E` what it tells, `A`
/// what it is answered.
pub struct Desk<O, E, A> {
    inside: Guarded<Inside<O, E, A>>,
    answered: Semaphore,
}

struct Inside<O, E, A> {
    order: Option<O>,
    events: heapless::Deque<E, EVENTS>,
    loan: Option<Loan>,
    answer: Option<A>,
}

impl<O, E, A> Inside<O, E, A> {
    const fn new() -> Self {
        Self {
            order: None,
            events: heapless::Deque::new(),
            loan: None,
            answer: None,
        }
    }
}

impl<O: Copy + Send, E: Send, A: Send> Desk<O, E, A> {
    /// A desk at which nothing lies.
    pub const fn new() -> Self {
        Self {
            inside: Guarded::new(Inside::new()),
            answered: Semaphore::new(),
        }
    }

    /// Clears the desk, and puts an order on it. The thread does not run.
    pub fn open(&'static self, order: O) {
        self.answered.reset();
        self.inside.with(|inside| {
            *inside = Inside::new();
            inside.order = Some(order);
        });
    }

    /// What the thread is to do.
    pub fn order(&'static self) -> Option<O> {
        self.inside.with(|inside| inside.order)
    }

    /// Tells the agent something. What is told beyond the two that fit is lost.
    pub fn tell(&'static self, event: E) {
        // A thread tells that it started, and then waits or ends.
        let _lost = self.inside.with(|inside| inside.events.push_back(event));
    }

    /// Tells the agent something, lends it the task's memory, and waits for its answer; `None`
    /// where there is none. `wake` wakes the agent's thread.
    pub fn ask(&'static self, event: E, memory: &mut [u8], wake: impl FnOnce()) -> Option<A> {
        let loan = Loan {
            start: memory.as_mut_ptr(),
            length: memory.len(),
        };
        // Both at once: a loan goes with the last event that is there.
        let _lost = self.inside.with(|inside| {
            inside.loan = Some(loan);
            inside.events.push_back(event)
        });
        wake();
        self.answered.take();
        self.inside.with(|inside| {
            inside.loan = None;
            inside.answer.take()
        })
    }

    /// What the thread tells next, and the memory that it lends with it.
    pub fn poll(&'static self) -> Option<(E, Option<Loan>)> {
        self.inside.with(|inside| {
            let event = inside.events.pop_front()?;
            // It is lent with the last event: the thread waits then.
            let is_last = inside.events.is_empty();
            let loan = if is_last { inside.loan.take() } else { None };
            Some((event, loan))
        })
    }

    /// The thread was aborted: what it told stays, but for what `is_question`, and `end` follows
    /// where nothing of it `is_end`. Loans of it are dropped already.
    pub fn close(&'static self, end: E, is_question: fn(&E) -> bool, is_end: fn(&E) -> bool) {
        self.inside.with(|inside| {
            inside.loan = None;
            let mut kept = heapless::Deque::new();
            let mut has_ended = false;
            while let Some(event) = inside.events.pop_front() {
                if !is_question(&event) {
                    has_ended |= is_end(&event);
                    // No more are kept than were there.
                    let _fits = kept.push_back(event);
                }
            }
            if !has_ended {
                // A thread that has not ended told at most that it started.
                let _fits = kept.push_back(end);
            }
            inside.events = kept;
        });
    }

    /// Gives the memory back, and lets the thread go on.
    pub fn answer(&'static self, loan: Loan, answer: A) {
        let Loan { .. } = loan;
        self.inside.with(|inside| inside.answer = Some(answer));
        self.answered.give();
    }
}

impl<O: Copy + Send, E: Send, A: Send> Default for Desk<O, E, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O, E, A> fmt::Debug for Desk<O, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// The memory of a task whose thread waits in [`Desk::ask`]: there is one, until it is given
/// back. Where the thread is aborted, it is to be dropped before its memory is.
#[derive(Debug)]
pub struct Loan {
    start: *mut u8,
    length: usize,
}

// SAFETY: it is one reference that moves to another thread, while its own waits.
unsafe impl Send for Loan {}

impl Loan {
    /// The memory.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the thread that lent it waits until the loan is given back: see above.
        unsafe { slice::from_raw_parts_mut(self.start, self.length) }
    }
}
