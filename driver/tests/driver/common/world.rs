//! The node, the master, and time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use edgerm_agent_core::Config;
use edgerm_driver::port::{Answer, Clock, Ports, ThreadEvent};
use edgerm_driver::{Driver, Node, Options, Wait, describe};
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::message::{self, Variable, path};
use edgerm_protocol::{Instant, TaskId, encode};
use edgerm_task_abi::{Call, Function, Permissions, Value};

use super::ports::{Fake, Virtual, Wire};
use super::{
    Ask, Boards, FakeThreads, Happened, Hook, Master, MemoryRecords, MemoryStorage, module, name,
};

pub(crate) const SLOTS: usize = 2;

pub(crate) struct World {
    pub(crate) driver: Driver<Fake, { SLOTS + 1 }, SLOTS>,
    pub(crate) master: Master,
    /// What the last poll gave.
    pub(crate) wait: Wait,
    pub(crate) happened: Rc<RefCell<Vec<Happened>>>,
    pub(crate) records: MemoryRecords,
    clock: Virtual,
    wire: Wire,
}

/// What a task is launched with besides the module.
#[derive(Clone, Copy, Default)]
pub(crate) struct Launch<'a> {
    pub(crate) devices: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a str)],
    pub(crate) restart: bool,
}

impl World {
    /// A node that has registered.
    pub(crate) fn new() -> Self {
        Self::with(MemoryStorage::default(), MemoryRecords::default())
    }

    pub(crate) fn with(storage: MemoryStorage, records: MemoryRecords) -> Self {
        let (clock, wire, hook) = <(Virtual, Wire, Hook)>::default();
        let ports = Ports {
            network: wire.clone(),
            clock: clock.clone(),
            storage,
            records: records.clone(),
            threads: FakeThreads::default(),
            devices: Boards::default(),
            events: hook.clone(),
        };
        let mut master = Master::new(1);
        let (id, bytes) = module();
        master.add_module(id, bytes);
        let mut world = Self {
            driver: driver(ports),
            master,
            wait: Wait::Event,
            happened: hook.0,
            records,
            clock,
            wire,
        };
        world.settle();
        world
    }

    /// Power is lost: what the ports keep is given to a new one.
    pub(crate) fn reboot(mut self) -> Self {
        let storage = std::mem::take(&mut self.driver.ports_mut().storage);
        Self::with(storage, self.records.clone())
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Lets the node and the master speak until neither has more to say now.
    pub(crate) fn settle(&mut self) {
        loop {
            self.wait = self.driver.poll();
            let now = self.now();
            let arrived = std::mem::take(&mut *self.wire.to_master.borrow_mut());
            let is_quiet = arrived.is_empty();
            for datagram in arrived {
                self.master.on_datagram(now, &datagram);
            }
            let mut sent = self.wire.to_node.borrow_mut();
            let before = sent.len();
            while let Some(datagram) = self.master.poll_transmit(now) {
                sent.push_back(datagram);
            }
            if is_quiet && sent.len() == before {
                return;
            }
        }
    }

    /// Lets time pass, from event to event.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now() + time;
        while self.now() < end {
            let node = match self.wait {
                Wait::Until(instant) => Some(instant),
                Wait::Event | Wait::Left => None,
            };
            let next = node.into_iter().chain(self.master.poll_timeout()).min();
            let next = next.map_or(end, |next| next.min(end)).max(self.now());
            // What is due now and not done in this step waits for an event.
            let next = if next == self.now() { end } else { next };
            self.clock.0.set(next.as_millis());
            self.master.on_timeout(next);
            self.settle();
        }
    }

    pub(crate) fn ask_launch(&mut self, task: TaskId, launch: Launch<'_>) {
        let (id, bytes) = module();
        let devices = launch.devices.iter().map(|label| name(label));
        let env = launch.env.iter().map(|(key, value)| Variable {
            key: Text::new(key).expect("a name"),
            value,
        });
        let body = message::Launch {
            session: self.master.session.expect("a session"),
            task,
            module: id,
            module_size: u32::try_from(bytes.len()).expect("a small module"),
            mem: 4096,
            cpus: None,
            permissions: Some(Permissions::ALL.bits()),
            devices: List::from_first(devices),
            env: List::from_first(env),
            restart: launch.restart.then_some(true),
            stop_after_disconnected: None,
            deadline: None,
            max_silence: None,
            max_restarts: None,
        };
        let mut buffer = [0; 512];
        let body = encode(&body, &mut buffer).expect("it fits").to_vec();
        self.master.ask(Ask::Raw(path::LAUNCH, body));
        self.settle();
    }

    /// Launches a task, and lets it run in this slot.
    pub(crate) fn run(&mut self, slot: usize, task: TaskId, launch: Launch<'_>) {
        self.ask_launch(task, launch);
        self.does(slot, ThreadEvent::Started);
    }

    /// A slot's thread does this.
    pub(crate) fn does(&mut self, slot: usize, event: ThreadEvent) {
        let threads = &mut self.driver.ports_mut().threads;
        let thread = threads.slots.get_mut(&slot).expect("a slot in use");
        thread.events.push_back(event);
        self.settle();
    }

    /// The task in a slot calls with these arguments; the answer, where there is one at once.
    pub(crate) fn call(&mut self, slot: usize, function: Function, args: &[i32]) -> Option<i64> {
        let args = args.iter().map(|arg| Value::I32(*arg)).collect();
        self.does(slot, ThreadEvent::Called(Call { function, args }));
        self.answered(slot)
    }

    /// The answer that a slot's task was given.
    pub(crate) fn answered(&mut self, slot: usize) -> Option<i64> {
        let threads = &mut self.driver.ports_mut().threads;
        match threads.slots.get_mut(&slot)?.answer.take()? {
            Answer::Return(Value::I32(value)) => Some(value.into()),
            Answer::Return(Value::I64(value)) => Some(value),
            Answer::Exit(code) => panic!("it exits with {code}"),
        }
    }

    /// The memory of the task in a slot.
    pub(crate) fn memory(&mut self, slot: usize) -> &mut [u8; 256] {
        let threads = &mut self.driver.ports_mut().threads;
        &mut threads.slots.get_mut(&slot).expect("a slot in use").memory
    }

    /// Writes a text to the start of a task's memory, for its address and length.
    pub(crate) fn text(&mut self, slot: usize, text: &str) -> [i32; 2] {
        self.memory(slot)[..text.len()].copy_from_slice(text.as_bytes());
        [0, i32::try_from(text.len()).expect("a short text")]
    }
}

fn driver(ports: Ports<Fake>) -> Driver<Fake, { SLOTS + 1 }, SLOTS> {
    let node = Node {
        cpus: 1000,
        mem: 8192,
        disk: 0,
        slots: SLOTS,
        max_task_mem: 4096,
        max_module: 4096,
        restarts: true,
        os: "none",
        arch: "none",
        board: "",
        features: &[],
        attributes: &[],
    };
    let mut buffer = [0; 512];
    let options = Options {
        name: "fake",
        description: describe(&node, &ports.devices, &mut buffer).expect("a node"),
        core: Config {
            max_outputs: 2,
            ..Config::default()
        },
        value_bytes: 64,
        log_bytes: 512,
        credential: None,
        entropy: [3; 32],
    };
    Driver::new(ports, &options).expect("an agent")
}
