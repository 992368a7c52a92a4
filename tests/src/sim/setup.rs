//! How a simulated cluster is made: its master, its nodes and who they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use edgerm_agent_core as core;
use edgerm_coap::oscore::Credential;
use edgerm_master::access::Enrolled;
use edgerm_master::config::Config;
use edgerm_master::master::Master;
use edgerm_protocol::Instant;
use edgerm_protocol::owned::{AttributeValue, Description, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use sha2::{Digest, Sha256};

use super::disk::Disk;
use super::hardware::Build;
use super::network::Conditions;

/// Bytes of memory that each task has.
pub(super) const TASK_MEM: u64 = 64 << 10;

/// How a cluster is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many nodes there are.
    pub nodes: u16,
    /// What the network is like at first.
    pub conditions: Conditions,
    /// What everything follows from.
    pub seed: u64,
    /// How the master is set.
    pub config: Config,
    /// Longest time that the master's disk takes to write something; `None`: it has none, and
    /// nothing lasts.
    pub disk: Option<Duration>,
    /// Whether what happens is kept for somebody who watches, who also sees to it that what
    /// changed is checked; else the cluster checks itself, and keeps the history of each task.
    pub is_watched: bool,
}

impl Setup {
    /// A cluster of nodes that are alike and sound.
    pub fn plain(nodes: u16, conditions: Conditions, seed: u64) -> Self {
        Self {
            nodes,
            conditions,
            seed,
            config: Config::default(),
            disk: None,
            is_watched: false,
        }
    }

    /// A master that knows who is enrolled and what is on the disk, with entropy that follows from
    /// the seed and from how many masters there were before.
    pub(super) fn master(&self, now: Instant, masters: u64, disk: Option<&Disk>) -> Master {
        let seed = self.seed ^ masters << 32;
        let entropy = Sha256::digest(seed.to_be_bytes()).into();
        let config = self.config.clone();
        let mut master = match disk {
            None => Master::new(config, entropy),
            Some(disk) => {
                let rows = disk.rows.iter().map(|(key, row)| (*key, row.clone()));
                let modules = Box::new(disk.modules.clone());
                let restored = Master::restore(config, entropy, now, rows, modules);
                restored.expect("what a master wrote")
            }
        };
        for number in 0..self.nodes {
            master.enroll(Enrolled {
                name: name(number).into(),
                credential: credential(number),
                enrolled: now,
                rotated: None,
            });
        }
        master
    }
}

/// What the node of this number is called.
pub(super) fn name(number: u16) -> String {
    format!("node-{number}")
}

/// What the node of this number proves itself with.
pub(super) fn credential(number: u16) -> Credential {
    let secret = Sha256::digest(format!("secret of {number}"));
    let [high, low] = number.to_be_bytes();
    let (secret, salt) = secret.split_at(16);
    Credential::new(
        [0, 0, high, low],
        secret.try_into().expect("16 bytes"),
        salt[..8].try_into().expect("8 bytes"),
    )
}

/// Where the node of this number is at first.
pub(super) fn address(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1, high, low)), 5683)
}

/// A sound node of this number.
pub(super) fn plain(number: u16, seed: u64) -> Build {
    Build {
        config: core::Config {
            slots: 4,
            keeps_records: true,
            block_size: edgerm_coap::BlockSize::B64,
            ..core::Config::default()
        },
        ..Build::sound(&name(number), credential(number), seed)
    }
}

/// A small node with a thermometer that tasks share, and a relay that one task has.
pub(super) fn description() -> Description {
    let resources = [
        ("cpus", Value::Scalar(1_000)),
        ("mem", Value::Scalar(4 * TASK_MEM)),
        ("tasks", Value::Scalar(4)),
        (
            "temperature",
            Value::device(DeviceClass::Sensor, "temperature", Access::Shared),
        ),
        (
            "relay",
            Value::device(DeviceClass::Actuator, "relay", Access::Exclusive),
        ),
    ];
    let attributes = [
        ("os", AttributeValue::Text("simulated".into())),
        ("restart", AttributeValue::Text("reboot".into())),
    ];
    Description {
        resources: resources.into(),
        attributes: attributes.into(),
    }
}
