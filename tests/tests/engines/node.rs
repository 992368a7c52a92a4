//! A node as data: what it has, what is to come, and what its task did to it.

use std::collections::BTreeMap;

use edgerm_task_abi::{LogLevel, Suspended, WakeOn};

/// What `thermometer` reads first, in millionths; each time it is 1,000,000 more.
pub(crate) const FIRST_READING: i64 = 1_500_000;

/// What the node's clock shows when a task starts.
pub(crate) const START_MS: u64 = 1_000;

/// Milliseconds since 1970 that are added to it.
pub(crate) const UNIX_MS: u64 = 1_700_000_000_000;

/// What a task did to its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Emitted(Vec<u8>),
    Logged(LogLevel, String),
    Wrote(i64),
    Stored(String, Vec<u8>),
    Posted(String, Vec<u8>),
}

/// What happens to the node while a task waits.
#[derive(Clone, Debug)]
pub(crate) enum Coming {
    Room,
    Message(Vec<u8>),
    Response(u16),
    /// The calendar is lost, which wakes nobody.
    NoCalendar,
}

impl Coming {
    const fn wakes(&self) -> Option<WakeOn> {
        match self {
            Self::Room => Some(WakeOn::EmitRoom),
            Self::Message(_) => Some(WakeOn::Message),
            Self::Response(_) => Some(WakeOn::Response),
            Self::NoCalendar => None,
        }
    }
}

/// One sensor (`thermometer`, of handle 0), one actuator (`led`, of handle 7), the variables of
/// `env`, and a clock that stands but where a task waits. Every other device, key or URI that is
/// the name of an error fails with it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) env: BTreeMap<String, String>,
    /// Payloads that it takes before there is no room.
    pub(crate) room: usize,
    pub(crate) has_calendar: bool,
    /// What comes, and when, in the order of time.
    coming: Vec<(u64, Coming)>,
    pub(crate) now_ms: u64,
    pub(crate) reading: i64,
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) stored: BTreeMap<String, Vec<u8>>,
    pub(crate) is_requested: bool,
    pub(crate) response: Option<u16>,
    /// Every second resumption comes too early, which does no harm.
    was_early: bool,
    pub(crate) did: Vec<Did>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            env: [("WINDOW".into(), "four".into())].into(),
            room: usize::MAX,
            has_calendar: true,
            coming: Vec::new(),
            now_ms: START_MS,
            reading: FIRST_READING,
            messages: Vec::new(),
            stored: BTreeMap::new(),
            is_requested: false,
            response: None,
            was_early: false,
            did: Vec::new(),
        }
    }
}

impl Node {
    /// One with these variables alone.
    pub(crate) fn with_env(env: &[(&str, &str)]) -> Self {
        let env = env.iter();
        Self {
            env: env
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect(),
            ..Self::default()
        }
    }

    /// One with room for so many payloads.
    pub(crate) fn with_room(room: usize) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// So many milliseconds after the start, this happens.
    pub(crate) fn then(mut self, after_ms: u64, coming: Coming) -> Self {
        self.coming.push((START_MS + after_ms, coming));
        self
    }

    /// Lets time pass to the next that may end the wait, if there is any.
    pub(crate) fn wait(&mut self, suspended: Suspended) -> bool {
        let event = self
            .coming
            .iter()
            .find(|(_, coming)| coming.wakes() == Some(suspended.wake_on()))
            .map(|(at, _)| *at);
        let Some(until) = event.into_iter().chain(suspended.deadline_ms()).min() else {
            return false;
        };
        self.was_early = !self.was_early;
        if !self.was_early {
            self.now_ms = self.now_ms.max(until);
            self.catch_up();
        }
        true
    }

    fn catch_up(&mut self) {
        while self
            .coming
            .first()
            .is_some_and(|(at, _)| *at <= self.now_ms)
        {
            match self.coming.remove(0).1 {
                Coming::Room => self.room += 1,
                Coming::Message(message) => self.messages.push(message),
                Coming::Response(code) => self.response = Some(code),
                Coming::NoCalendar => self.has_calendar = false,
            }
        }
    }
}
