//! `edgerm-agent --check`: what an agent of these settings would offer, and what is wrong.

use std::fmt;

use edgerm_protocol::owned::{Description, Value};
use edgerm_protocol::resource::{Access, names};
use tokio::net::lookup_host;

use crate::agent::StartError;
use crate::config::Config;
use crate::containers::engine_problem;
use crate::driver::say_executors;
use crate::records::RecordStorage;
use crate::rlimits;
use crate::storage::ModuleStorage;

/// What came of a look at the settings. As a text it is for people.
#[derive(Debug)]
pub struct Check {
    name: String,
    master: String,
    /// `None` where the devices cannot be told.
    offers: Option<Description>,
    /// What this machine has in all, of which tasks may have a part.
    totals: [(&'static str, Option<u64>); 3],
    problems: Vec<String>,
}

impl Check {
    /// Looks at all that an agent of this configuration would use. Nothing is said to the master,
    /// and nothing is changed but that folders are made which are missing.
    pub async fn of(config: &Config) -> Self {
        let mut problems = Vec::new();
        let mut offers = None;
        match config.options() {
            Ok(options) => {
                let folder = &options.module_folder;
                if let Err(cause) = ModuleStorage::open(folder, options.module_cache) {
                    let folder = folder.clone();
                    problems.push(StartError::Storage { folder, cause }.to_string());
                } else if let Some(folder) = &options.record_folder
                    && let Err(cause) = RecordStorage::open(folder)
                {
                    let folder = folder.clone();
                    problems.push(StartError::Storage { folder, cause }.to_string());
                }
                offers = Some(options.description);
            }
            Err(error) => problems.push(error.to_string()),
        }
        if let Err(cause) = lookup_host(&config.master).await {
            let address = config.master.clone();
            problems.push(StartError::Resolve { address, cause }.to_string());
        }
        if let Some(containers) = &config.containers {
            let problem = engine_problem(&containers.socket).await;
            if let Some(offers) = &mut offers {
                say_executors(offers, problem.is_none());
            }
            problems.extend(problem);
            let mounts = containers.mounts.iter();
            for missing in mounts.filter(|path| !path.exists()) {
                let missing = missing.display();
                problems.push(format!(
                    "there is no {missing} to mount: make it, or leave it out"
                ));
            }
        }
        for (label, path) in config.missing_files() {
            let path = path.display();
            problems.push(format!(
                "no file is there that is {path}, the device {label:?}: connect it and start the \
                 agent again, or leave it out"
            ));
        }
        let machine = &config.machine;
        let totals = [
            (names::CPUS, Some(machine.cpus)),
            (names::MEM, machine.mem),
            (names::DISK, machine.disk),
        ];
        let offered = [config.cpus, config.mem, config.disk];
        for ((name, total), offered) in totals.into_iter().zip(offered) {
            // The memory of containers is not that of the agent's own control group.
            let is_apart = name == names::MEM && config.containers.is_some();
            let most = total.filter(|_| !is_apart);
            problems.extend(amount_problem(name, offered, total, most));
        }
        problems.extend(rlimits::problem());
        if let Some(Err(error)) = offers.as_ref().map(Description::to_bytes) {
            problems.push(format!(
                "the master cannot be told what this agent has: {error}"
            ));
        }
        Self {
            name: config.name.clone(),
            master: config.master.clone(),
            offers,
            totals,
            problems,
        }
    }

    /// What is wrong, a sentence each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} for the master at {}", self.name, self.master)?;
        if let Some(offers) = &self.offers {
            writeln!(f, "offers")?;
            for (name, value) in &offers.resources {
                write!(f, "  {name:<24} {}", Shown(value))?;
                let total = self.totals.iter().find(|(of, _)| name == of);
                match total.and_then(|&(_, total)| total) {
                    Some(total) => writeln!(f, " of {total}")?,
                    None => writeln!(f)?,
                }
            }
            writeln!(f, "tells")?;
            for (name, value) in &offers.attributes {
                writeln!(f, "  {name:<24} {value}")?;
            }
        }
        match self.problems.as_slice() {
            [] => writeln!(f, "nothing is wrong"),
            problems => problems
                .iter()
                .try_for_each(|problem| writeln!(f, "wrong: {problem}")),
        }
    }
}

/// Thousandths of a core by which there may be more than is known: a quota is known in whole cores.
const CPUS_SLACK: u64 = 999;

/// What is wrong with an amount for tasks, of `total` that there is, where it may be `most`.
fn amount_problem(
    name: &str,
    offered: u64,
    total: Option<u64>,
    most: Option<u64>,
) -> Option<String> {
    let slack = if name == names::CPUS { CPUS_SLACK } else { 0 };
    if let Some(most) = most.filter(|most| offered > most.saturating_add(slack)) {
        return Some(format!(
            "{offered} of {name} is more than the {most} that there is, and tasks would be promised \
             what they cannot have: let {name} be less"
        ));
    }
    // An agent may well offer no disk: there is nothing wrong but where there is one.
    let is_wanted = name != names::DISK || total.is_some_and(|total| total > 0);
    (offered == 0 && is_wanted).then(|| {
        format!("nothing of {name} is left for tasks: say {name}, or let reserve.{name} be less")
    })
}

/// A resource, for people.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Scalar(amount) => write!(f, "{amount}"),
            Value::Ranges(ranges) => {
                let ranges: Vec<_> = ranges
                    .iter()
                    .map(|range| format!("{}-{}", range.start, range.end))
                    .collect();
                f.write_str(&ranges.join(","))
            }
            Value::Set(members) => {
                let members: Vec<_> = members.iter().map(String::as_str).collect();
                f.write_str(&members.join(","))
            }
            Value::Device(device) => {
                let access = match device.access {
                    Access::Shared => "shared",
                    Access::Exclusive => "exclusive",
                };
                write!(f, "{} {}, {access}", device.kind, device.class)
            }
        }
    }
}
