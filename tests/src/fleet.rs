//! A master with many agents, each of which was there once: what it holds of them is all there is.
//!
//! Agents come one by one, are brought as far as a [`Stage`] by datagrams as they go over the
//! wire, and are dropped, one a millisecond. They ping once an hour, so none is missed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong here fails a test"
)]

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use edgerm_agent_core as core;
use edgerm_coap::oscore::Credential;
use edgerm_master::access::Enrolled;
use edgerm_master::config::Config;
use edgerm_master::ledger::Module;
use edgerm_master::master::{Answer, Master, Output};
use edgerm_protocol::api::{self, Constraints, NewFramework};
use edgerm_protocol::owned::{AttributeValue, Description, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{FrameworkId, Instant, ModuleId, TaskId, TaskState};
use edgerm_task_abi::Permissions;
use sha2::{Digest, Sha256};

use crate::sim::{Build, Node};

/// When the first agent comes.
const START: Instant = Instant::from_millis(1_800_000_000_000);

/// How often agents ping.
const PING_PERIOD: Duration = Duration::from_secs(3600);

/// How far agents are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The master has their credentials.
    Enrolled,
    /// They have registered, with OSCORE, and told what they are.
    Registered,
    /// A task runs on each.
    Running,
}

/// The master. See the module.
#[derive(Debug)]
pub struct Fleet {
    master: Master,
    module: ModuleId,
    /// The framework whose tasks are launched, and how many more it may have.
    framework: Option<(FrameworkId, usize)>,
    agents: u32,
    now: Instant,
}

impl Fleet {
    /// A master of default configuration, without agents, that has admitted a module.
    ///
    /// # Panics
    ///
    /// Where the master has no room for the module.
    pub fn new() -> Self {
        let mut master = Master::new(Config::default(), [7; 32]);
        let bytes = [0x5a; 64];
        let id = ModuleId(Sha256::digest(bytes).into());
        let module = Module {
            id,
            size: 64,
            memory: 0,
            memory_needed: 0,
            permissions: Permissions::from_bits(0),
            features: Vec::new(),
            admitted_at: START,
            owner: None,
        };
        master
            .add_module(START, module, Arc::from(&bytes[..]))
            .expect("room for a module");
        Self {
            master,
            module: id,
            framework: None,
            agents: 0,
            now: START,
        }
    }

    /// The master.
    pub const fn master(&self) -> &Master {
        &self.master
    }

    /// Brings so many more agents as far as `stage`.
    ///
    /// # Panics
    ///
    /// Where one does not come as far.
    pub fn grow(&mut self, agents: u32, stage: Stage) {
        for _ in 0..agents {
            self.add(self.agents, stage);
            self.agents += 1;
            self.now = self.now + Duration::from_millis(1);
        }
        while self.master.poll_output().is_some() {}
    }

    fn add(&mut self, number: u32, stage: Stage) {
        let (name, credential) = (name(number), credential(number));
        self.master.enroll(Enrolled {
            name: name.as_str().into(),
            credential: credential.clone(),
            enrolled: self.now,
            rotated: None,
        });
        if stage == Stage::Enrolled {
            return;
        }
        let build = Build {
            description: description(number),
            config: core::Config {
                ping_period: PING_PERIOD,
                ..core::Config::default()
            },
            ..Build::sound(&name, credential, number.into())
        };
        let mut node = Node::new(build, address(number), self.now);
        self.converse(&mut node);
        let agent = self.master.ledger().agent_named(&name);
        assert!(agent.is_some_and(|agent| agent.described), "{name}");
        if stage == Stage::Registered {
            return;
        }
        let task = self.launch(number, &name);
        self.converse(&mut node);
        let task = self.master.ledger().task(task).expect("a task");
        assert_eq!(task.state, TaskState::Running, "{name}");
    }

    /// Lets a node and the master talk until neither has more to say.
    fn converse(&mut self, node: &mut Node) {
        let mut from_node: VecDeque<_> = node.step(self.now, None).0.into();
        loop {
            let mut is_over = true;
            while let Some(output) = self.master.poll_output() {
                if let Output::Transmit { datagram, .. } = output {
                    from_node.extend(node.step(self.now, Some(&datagram)).0);
                    is_over = false;
                }
            }
            if let Some(datagram) = from_node.pop_front() {
                self.master
                    .handle_datagram(self.now, node.address, &datagram);
                is_over = false;
            }
            if is_over {
                return;
            }
        }
    }

    /// Launches a task on the agent of this name.
    fn launch(&mut self, number: u32, agent: &str) -> TaskId {
        let framework = self.framework();
        let constraints = Constraints {
            agents: vec![agent.to_owned()],
            ..Constraints::default()
        };
        let request = api::OfferRequest {
            framework,
            constraints,
            max: None,
            wait_ms: 0,
        };
        let offer = match self.master.request_offers(self.now, request) {
            Ok(Answer::Ready(mut offers)) => offers.offers.pop().expect("an offer"),
            other => panic!("offers without waiting: {other:?}"),
        };
        let id = scattered(number);
        // As a framework writes it, with no more than it must.
        let task = serde_json::json!({
            "id": id,
            "name": "moving-average",
            "module": self.module,
            "resources": { "cpus": 100, "mem": 16 << 10, "devices": ["thermometer"] },
        });
        let accept = api::Accept {
            framework,
            tasks: vec![serde_json::from_value(task).expect("a task")],
        };
        self.master
            .accept_offer(self.now, offer.id, &accept)
            .expect("what was offered");
        id
    }

    /// A framework that may have one more task.
    fn framework(&mut self) -> FrameworkId {
        let (framework, more) = match self.framework {
            Some((framework, more)) if more > 0 => (framework, more),
            Some(_) | None => {
                let framework = NewFramework {
                    name: "averages".to_owned(),
                    role: "default".to_owned(),
                };
                let framework = self
                    .master
                    .register_framework(self.now, None, &framework)
                    .expect("few frameworks");
                (framework.id, self.master.config().limits.framework_tasks)
            }
        };
        self.framework = Some((framework, more - 1));
        framework
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

fn name(number: u32) -> String {
    format!("greenhouse-{number:06}")
}

fn address(number: u32) -> SocketAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, high, middle, low), 5683))
}

/// An id as a framework draws it: at random, and so in no order.
fn scattered(number: u32) -> TaskId {
    let digest = Sha256::digest(format!("task {number}"));
    TaskId(
        digest
            .iter()
            .take(8)
            .fold(0, |id, byte| id << 8 | u64::from(*byte)),
    )
}

fn credential(number: u32) -> Credential {
    let digest = Sha256::digest(format!("secret {number}"));
    let (secret, salt) = digest.split_at(16);
    // An odd number takes every number in no order.
    let key_id = number.wrapping_mul(0x9e37_79b1);
    Credential::new(
        key_id.to_be_bytes(),
        secret.try_into().expect("16 bytes"),
        salt[..8].try_into().expect("8 bytes"),
    )
}

/// What a node of a fleet tells: the same as others, but for where it is, and in groups which
/// hardware and firmware it has.
fn description(number: u32) -> Description {
    let text = |text: &str| AttributeValue::Text(text.into());
    let texts =
        |texts: &[&str]| AttributeValue::Texts(texts.iter().map(|&text| text.into()).collect());
    let resources = [
        ("cpus", Value::Scalar(1000)),
        ("mem", Value::Scalar(65_536)),
        ("tasks", Value::Scalar(4)),
        (
            "thermometer",
            Value::device(DeviceClass::Sensor, "temperature", Access::Shared),
        ),
        (
            "vent",
            Value::device(DeviceClass::Actuator, "servo", Access::Exclusive),
        ),
    ];
    let board = ["nrf52840dk_nrf52840", "esp32c3_devkitm", "frdm_k64f"];
    let firmware = ["2.4.1", "2.4.0", "2.3.7-rc1"];
    let some = |of: [&'static str; 3], every: u32| {
        of.get(usize::try_from(number / every % 3).unwrap_or(0))
            .copied()
            .unwrap_or_default()
    };
    let (north, west) = (number / 1000, number % 1000);
    let attributes = [
        ("os", text("zephyr")),
        ("arch", text("arm")),
        ("board", text(some(board, 1))),
        ("executors", texts(&["wasm"])),
        (
            "wasm_features",
            texts(&["mutable-globals", "sign-ext", "bulk-memory"]),
        ),
        ("max_task_mem", AttributeValue::Number(32_768)),
        (
            "location",
            text(&format!("geo:40.{north:04},-79.{west:04}")),
        ),
        ("firmware_version", text(some(firmware, 3))),
    ];
    Description {
        resources: resources.into(),
        attributes: attributes.into(),
    }
}
