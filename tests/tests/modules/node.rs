//! The node that a made-up task calls: everything is there, and time passes by itself.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Poll;

use edgerm_task_abi::{ErrorCode, Handle, Host, LogLevel};

/// Keys that are kept at most.
const MAX_KEYS: usize = 8;

/// What a task did to its node, in one number each, so that two engines can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Did {
    pub(crate) calls: u64,
    /// A checksum of all that was passed.
    pub(crate) passed: u64,
}

/// The node of one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    now_ms: u64,
    stored: BTreeMap<String, Vec<u8>>,
    did: Rc<RefCell<Did>>,
}

impl Node {
    pub(crate) fn new(did: &Rc<RefCell<Did>>) -> Self {
        Self {
            did: Rc::clone(did),
            ..Self::default()
        }
    }

    /// Lets time pass.
    pub(crate) fn wait_until(&mut self, ms: u64) {
        self.now_ms = self.now_ms.max(ms);
    }

    fn heard(&self, passed: &[u8]) {
        let mut did = self.did.borrow_mut();
        did.calls += 1;
        // FNV-1a, 64 bits.
        for byte in passed.iter().chain(&[0]) {
            did.passed = (did.passed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Host for Node {
    fn monotonic_ms(&mut self) -> u64 {
        self.now_ms += 1;
        self.now_ms
    }

    fn unix_ms(&mut self) -> Option<u64> {
        Some(1_700_000_000_000 + self.now_ms)
    }

    fn log(&mut self, _: LogLevel, line: &str) {
        self.heard(line.as_bytes());
    }

    fn env(&mut self, key: &str) -> Option<&str> {
        self.heard(key.as_bytes());
        Some("value")
    }

    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.heard(name.as_bytes());
        Ok(Handle(0))
    }

    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode> {
        self.heard(&sensor.0.to_le_bytes());
        Ok(i64::MIN)
    }

    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.sensor_open(name)
    }

    fn actuator_write(&mut self, _: Handle, value: i64) -> Result<(), ErrorCode> {
        self.heard(&value.to_le_bytes());
        Ok(())
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        self.heard(payload);
        Poll::Ready(Ok(()))
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        self.heard(&[]);
        buffer.fill(0x55);
        Poll::Ready(Ok(buffer.len()))
    }

    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        self.heard(key.as_bytes());
        let value = self.stored.get(key).ok_or(ErrorCode::NotFound)?;
        let part = buffer.get_mut(..value.len());
        part.ok_or(ErrorCode::BufferTooSmall)?
            .copy_from_slice(value);
        Ok(value.len())
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        self.heard(value);
        if self.stored.len() >= MAX_KEYS {
            return Err(ErrorCode::TooMany);
        }
        self.stored.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn coap_post(&mut self, uri: &str, payload: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        self.heard(uri.as_bytes());
        self.heard(payload);
        // The first time it waits.
        match self.now_ms % 2 {
            0 => Poll::Ready(Ok(204)),
            _ => Poll::Pending,
        }
    }
}
