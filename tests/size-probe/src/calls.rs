//! Every call of the agent, apart from the driver around them: what is inlined here is the
//! agent's, and counts.

use core::mem::MaybeUninit;

use edgerm_agent_core::{Agent, Config, Input, Output, RecordKey};
use edgerm_coap::BlockSize;
use edgerm_coap::oscore::Credential;
use edgerm_protocol::message::ReceivedLaunch;
use edgerm_protocol::{Instant, TaskId};

/// Two tasks that run, and two that have ended and wait for an acknowledgement.
pub(crate) const TASKS: usize = 4;

/// `credential` has the bytes that firmware would read out of its settings, or none.
#[inline(never)]
pub(crate) fn new<'a>(
    place: &'a mut MaybeUninit<Agent<TASKS>>,
    credential: &[u8],
    description: &[u8],
) -> Option<&'a mut Agent<TASKS>> {
    // Of the endpoint, what firmware keeps where nobody says otherwise: zephyr/kconfig.
    let coap = edgerm_coap::Config {
        pending: 2,
        replies: 2,
        reply_bytes: 256,
        ..edgerm_coap::Config::default()
    };
    let config = Config {
        slots: 2,
        max_task_mem: 16 * 1024,
        max_outputs: 4,
        block_size: BlockSize::B64,
        keeps_records: true,
        coap,
        ..Config::default()
    };
    let boot = Instant::from_millis(0);
    let credential = Credential::from_bytes(credential).ok();
    let entropy = [7; 32];
    let agent = Agent::new(
        "thermometer",
        description,
        config,
        credential,
        entropy,
        boot,
    );
    Some(place.write(agent.ok()?))
}

#[inline(never)]
pub(crate) fn restore(agent: &mut Agent<TASKS>, key: RecordKey, record: &[u8]) -> bool {
    agent.restore(key, record).is_ok()
}

#[inline(never)]
pub(crate) fn give(agent: &mut Agent<TASKS>, now: Instant, input: Input<'_>) -> bool {
    agent.handle_input(now, input).is_ok()
}

#[inline(never)]
pub(crate) fn poll(agent: &mut Agent<TASKS>) -> Output<'_> {
    agent.poll_output()
}

#[inline(never)]
pub(crate) fn launch(agent: &Agent<TASKS>, id: TaskId) -> Option<ReceivedLaunch<'_>> {
    agent.launch(id)
}

#[inline(never)]
pub(crate) fn state(agent: &Agent<TASKS>) -> (u32, usize) {
    let id = agent.id().map_or(0, |id| id.0);
    (id, agent.active_tasks())
}
