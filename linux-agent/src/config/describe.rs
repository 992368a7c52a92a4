//! What an agent tells of itself, and what it is started with.

use std::env::consts::{ARCH, OS};

use edgerm_agent_core as core;
use edgerm_protocol::codec::Text;
use edgerm_protocol::limits::MAX_ATTRIBUTE;
use edgerm_protocol::owned::{AttributeValue, Attributes, Description, Resources, Value};
use edgerm_protocol::resource::names;
use edgerm_protocol::standard::{AFTER_REBOOT, TASKS, WASM, attributes};
use edgerm_task_abi::Feature;

use super::{Config, ConfigError, credential};
use crate::agent::Options;
use crate::devices::Devices;

/// Bytes of a module at most: what a master admits.
const MAX_MODULE: u32 = 4 << 20;

/// Attributes that Linux adds to the standard ones.
const KERNEL: &str = "kernel";
const HOSTNAME: &str = "hostname";
const DISTRIBUTION: &str = "distribution";

impl Config {
    /// What an agent of this configuration that has these devices tells of itself.
    pub fn describe(&self, devices: &Devices) -> Description {
        Description {
            resources: self.resources(devices),
            attributes: self.all_attributes(),
        }
    }

    /// What to start such an agent with. Reads its credential, and looks for its devices as
    /// [`Config::devices`] does.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], by a credential that is no use, or the first declared device that cannot be.
    pub fn options(&self) -> Result<Options, ConfigError> {
        let devices = self.devices()?;
        let credential = self.credential.as_deref();
        let credential = credential.map(|path| credential::of(path, &self.name));
        Ok(Options {
            name: self.name.clone(),
            master: self.master.clone(),
            credential: credential.transpose()?,
            module_folder: self.data_dir.join("modules"),
            module_cache: self.module_cache,
            record_folder: self.restart.then(|| self.data_dir.join("records")),
            containers: self.containers.clone(),
            container_folder: self.data_dir.join("containers"),
            description: self.describe(&devices),
            devices,
            core: core::Config {
                ping_period: self.ping_period,
                slots: self.slots,
                max_task_mem: self.max_task_mem,
                max_module: MAX_MODULE,
                ..core::Config::default()
            },
        })
    }

    fn resources(&self, devices: &Devices) -> Resources {
        let mut resources: Resources = devices
            .iter()
            .map(|(label, device)| (label.to_owned(), Value::Device(device.description.clone())))
            .collect();
        let mut scalar = |name: &str, amount| {
            resources.insert(name.to_owned(), Value::Scalar(amount));
        };
        scalar(names::CPUS, self.cpus);
        scalar(names::MEM, self.mem);
        scalar(names::TASKS, self.slots as u64);
        if self.disk > 0 {
            scalar(names::DISK, self.disk);
        }
        if !self.ports.is_empty() {
            resources.insert(names::PORTS.to_owned(), Value::Ranges(self.ports.clone()));
        }
        resources
    }

    /// The operator's attributes, over the machine's, under those that only the agent knows.
    fn all_attributes(&self) -> Attributes {
        let machine = &self.machine;
        let distribution = machine.distribution.as_deref().unwrap_or_default();
        let texts =
            |texts: &[&str]| AttributeValue::Texts(texts.iter().map(|&text| text.into()).collect());
        let facts = [
            (attributes::OS, OS),
            (attributes::ARCH, ARCH),
            (KERNEL, &machine.kernel),
            (HOSTNAME, &machine.hostname),
            (DISTRIBUTION, distribution),
        ];
        let facts = facts.into_iter().filter_map(|(name, text)| {
            let text = Text::<MAX_ATTRIBUTE>::cut(text)?.as_str().to_owned();
            Some((name.to_owned(), AttributeValue::Text(text.into())))
        });
        let mut all: Attributes = facts.collect();
        all.extend(self.attributes.clone());
        let max_task_mem = AttributeValue::Number(self.max_task_mem.into());
        all.extend([
            (attributes::EXECUTORS.to_owned(), texts(&[WASM])),
            (
                attributes::WASM_FEATURES.to_owned(),
                texts(&Feature::ALL.map(Feature::name)),
            ),
            (attributes::MAX_TASK_MEM.to_owned(), max_task_mem),
            (
                attributes::MAX_MODULE.to_owned(),
                AttributeValue::Number(MAX_MODULE.into()),
            ),
        ]);
        let supervises = AttributeValue::Text(TASKS.into());
        all.insert(attributes::SUPERVISES.to_owned(), supervises);
        all.remove(attributes::RESTART);
        if self.restart {
            let when = AttributeValue::Text(AFTER_REBOOT.into());
            all.insert(attributes::RESTART.to_owned(), when);
        }
        all
    }
}
