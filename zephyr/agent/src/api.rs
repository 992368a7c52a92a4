//! Starting, stopping and looking at the agent, from any thread.

use core::fmt;

use edgerm_protocol::AgentId;
use edgerm_zephyr_rtos::guarded::Guarded;
use edgerm_zephyr_rtos::link::Waker;
use edgerm_zephyr_rtos::thread;

static CONTROL: Guarded<Control> = Guarded::new(Control {
    waker: None,
    wishes: Wishes::NONE,
    state: State::STOPPED,
});

struct Control {
    waker: Option<Waker>,
    wishes: Wishes,
    state: State,
}

/// What other threads want of the agent's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    /// It is to leave.
    pub(crate) stop: bool,
    /// What the node has is another now.
    pub(crate) describe: bool,
}

impl Wishes {
    const NONE: Self = Self {
        stop: false,
        describe: false,
    };
}

/// How the agent fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether it was started, and has not stopped.
    pub running: bool,
    /// Who it is to the master, while it is registered.
    pub agent: Option<AgentId>,
    /// Tasks that have not ended.
    pub tasks: usize,
}

impl State {
    /// It was not started, or has stopped.
    pub(crate) const STOPPED: Self = Self {
        running: false,
        agent: None,
        tasks: 0,
    };
}

/// The agent does not start: it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartError;

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the agent runs already")
    }
}

impl core::error::Error for StartError {}

/// Starts the agent, on a thread of its own.
///
/// # Errors
///
/// [`StartError`] where it runs.
pub fn start() -> Result<(), StartError> {
    let was_running = CONTROL.with(|control| {
        let was_running = control.state.running;
        if !was_running {
            control.state.running = true;
            control.wishes = Wishes::NONE;
        }
        was_running
    });
    if was_running {
        return Err(StartError);
    }
    if !thread::start_agent() {
        CONTROL.with(|control| control.state.running = false);
        return Err(StartError);
    }
    Ok(())
}

/// Ends all tasks, tells the master, and stops the agent, which may then be started again. Tells
/// whether it ran.
pub fn stop() -> bool {
    let runs = CONTROL.with(|control| {
        control.wishes.stop = true;
        control.state.running
    });
    wake();
    runs
}

/// How the agent fares.
pub fn state() -> State {
    CONTROL.with(|control| control.state)
}

/// What the firmware registered is another now: the agent tells the master.
pub fn changed() {
    CONTROL.with(|control| control.wishes.describe = true);
    wake();
}

/// Lets the agent's thread come around.
pub(crate) fn wake() {
    if let Some(waker) = CONTROL.with(|control| control.waker) {
        waker.wake();
    }
}

/// What wakes the agent's thread: one for as long as the image runs.
pub(crate) fn waker() -> Result<Waker, edgerm_zephyr_rtos::Errno> {
    if let Some(waker) = CONTROL.with(|control| control.waker) {
        return Ok(waker);
    }
    let waker = Waker::open()?;
    CONTROL.with(|control| control.waker = Some(waker));
    Ok(waker)
}

/// What is wanted of the agent's thread since it was last asked.
pub(crate) fn take_wishes() -> Wishes {
    CONTROL.with(|control| core::mem::replace(&mut control.wishes, Wishes::NONE))
}

/// Tells other threads how the agent fares.
pub(crate) fn set_state(state: State) {
    CONTROL.with(|control| control.state = state);
}
