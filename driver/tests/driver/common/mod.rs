//! A node whose ports are data, a master, and the wire between them.

#[path = "../../../../agent-core/tests/agent/common/ask.rs"]
#[expect(dead_code, reason = "the agent's own tests ask for more")]
mod ask;
#[path = "../../../../agent-core/tests/agent/common/master.rs"]
#[expect(dead_code, reason = "the agent's own tests look at more")]
mod master;
mod ports;
#[path = "../../../../agent-core/tests/agent/common/record.rs"]
mod record;
#[path = "../../common/storage.rs"]
mod storage;
mod world;

use edgerm_protocol::resource::Name;
use edgerm_protocol::{ModuleId, TaskId};
use sha2::{Digest, Sha256};

pub(crate) use ask::Ask;
pub(crate) use master::Master;
pub(crate) use ports::{Boards, FakeThreads, Happened, Hook, MemoryRecords};
pub(crate) use storage::MemoryStorage;
pub(crate) use world::{Launch, World};

pub(crate) const FIRST: TaskId = TaskId(0x0123_4567_89ab_cdef);
pub(crate) const SECOND: TaskId = TaskId(0x1123_4567_89ab_cdef);

pub(crate) fn name(text: &str) -> Name<'_> {
    Name::new(text).expect("a name")
}

/// Bytes that no engine here looks at.
pub(crate) fn module() -> (ModuleId, Vec<u8>) {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1_000).collect();
    (ModuleId(Sha256::digest(&bytes).into()), bytes)
}
