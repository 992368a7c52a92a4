//! The node as its task has it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Poll;

use edgerm_task_abi::{ErrorCode, Handle, Host, LogLevel};

use crate::node::{Did, Node, UNIX_MS};

/// A node that a task and its driver share.
#[derive(Debug)]
pub(crate) struct Shared {
    env: BTreeMap<String, String>,
    node: Rc<RefCell<Node>>,
}

impl Shared {
    pub(crate) fn new(node: &Rc<RefCell<Node>>) -> Self {
        Self {
            env: node.borrow().env.clone(),
            node: Rc::clone(node),
        }
    }
}

impl Host for Shared {
    fn monotonic_ms(&mut self) -> u64 {
        self.node.borrow().now_ms
    }

    fn unix_ms(&mut self) -> Option<u64> {
        let node = self.node.borrow();
        node.has_calendar.then_some(UNIX_MS + node.now_ms)
    }

    fn log(&mut self, level: LogLevel, line: &str) {
        let line = Did::Logged(level, line.into());
        self.node.borrow_mut().did.push(line);
    }

    fn env(&mut self, key: &str) -> Option<&str> {
        self.env.get(key).map(String::as_str)
    }

    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        match name {
            "thermometer" | "temperature" => Ok(Handle(0)),
            other => Err(error_named(other).unwrap_or(ErrorCode::NotFound)),
        }
    }

    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode> {
        match sensor {
            Handle(0) => {
                let mut node = self.node.borrow_mut();
                let reading = node.reading;
                node.reading += 1_000_000;
                Ok(reading)
            }
            Handle(1) => Err(ErrorCode::Io),
            Handle(_) => Err(ErrorCode::InvalidArgument),
        }
    }

    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        match name {
            "led" => Ok(Handle(7)),
            other => Err(error_named(other).unwrap_or(ErrorCode::NotFound)),
        }
    }

    fn actuator_write(&mut self, actuator: Handle, value: i64) -> Result<(), ErrorCode> {
        match actuator {
            Handle(7) => {
                self.node.borrow_mut().did.push(Did::Wrote(value));
                Ok(())
            }
            Handle(1) => Err(ErrorCode::Io),
            Handle(_) => Err(ErrorCode::InvalidArgument),
        }
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        let mut node = self.node.borrow_mut();
        if node.room == 0 {
            return Poll::Pending;
        }
        node.room -= 1;
        node.did.push(Did::Emitted(payload.into()));
        Poll::Ready(Ok(()))
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        let mut node = self.node.borrow_mut();
        match node.messages.first() {
            None => Poll::Pending,
            Some(message) => Poll::Ready(copy(message, buffer).inspect(|_| {
                node.messages.remove(0);
            })),
        }
    }

    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        if let Some(error) = error_named(key) {
            return Err(error);
        }
        let node = self.node.borrow();
        copy(node.stored.get(key).ok_or(ErrorCode::NotFound)?, buffer)
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        if let Some(error) = error_named(key) {
            return Err(error);
        }
        let mut node = self.node.borrow_mut();
        node.stored.insert(key.into(), value.into());
        node.did.push(Did::Stored(key.into(), value.into()));
        Ok(())
    }

    fn coap_post(&mut self, uri: &str, payload: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        if let Some(error) = error_named(uri) {
            return Poll::Ready(Err(error));
        }
        let mut node = self.node.borrow_mut();
        if !node.is_requested {
            node.is_requested = true;
            node.did.push(Did::Posted(uri.into(), payload.into()));
        }
        match node.response.take() {
            None => Poll::Pending,
            Some(code) => {
                node.is_requested = false;
                Poll::Ready(Ok(code))
            }
        }
    }
}

fn error_named(name: &str) -> Option<ErrorCode> {
    ErrorCode::ALL
        .into_iter()
        .find(|error| error.name() == name)
}

fn copy(value: &[u8], buffer: &mut [u8]) -> Result<usize, ErrorCode> {
    buffer
        .get_mut(..value.len())
        .ok_or(ErrorCode::BufferTooSmall)?
        .copy_from_slice(value);
    Ok(value.len())
}
