//! `edgerm demo`: the whole road, told while it is walked. Each step is checked, and the first
//! that is not as told ends the demo with what was seen instead.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use edgerm_framework::api::{Agent, Constraints, Module, Offer, OutputData, Task};
use edgerm_framework::resource::names;
use edgerm_framework::{Client, ConstraintsExt, Launch, Scheduler, TaskState, constraints};
use tokio::time::timeout;

use super::{lists, program};
use crate::cluster::{self, Cluster, MOVING_AVERAGE};
use crate::console::{Console, Tone};
use crate::exit::Failure;
use crate::{outputs, units};

/// How long one step may take until the demo has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the framework looks for, and where it takes it.
const SENSOR: &str = "temperature";
const NODE: &str = "greenhouse";

/// Milliseconds between two readings.
const INTERVAL_MS: &str = "200";

/// Readings that are waited for.
const READINGS: usize = 5;

pub(super) async fn demo(console: &Console) -> Result<(), Failure> {
    let start = Instant::now();
    let cluster = Cluster::start_anywhere().await?;
    let told = Story {
        console,
        cluster: &cluster,
        client: cluster.client()?,
    }
    .tell()
    .await;
    cluster.shutdown().await;
    told?;
    let edgerm = program();
    let took = start.elapsed().as_millis();
    console.print(&format!(
        "\nEverything above was seen and checked, in {}.{} s. Next: `{edgerm} up`, and in another \
         terminal `{edgerm} run --help`.",
        took / 1000,
        took % 1000 / 100
    ))
}

struct Story<'a> {
    console: &'a Console,
    cluster: &'a Cluster,
    client: Client,
}

impl Story<'_> {
    async fn tell(&self) -> Result<(), Failure> {
        self.nodes_report().await?;
        let scheduler = Scheduler::register(self.client.clone(), "demo").await?;
        let offer = self.an_offer_is_taken(&scheduler).await?;
        let task = self.a_task_is_launched(&scheduler, &offer).await?;
        self.readings_come_back(&task).await?;
        self.the_task_is_killed(&scheduler, &task).await?;
        self.resources_are_free_again(&scheduler, &offer).await?;
        scheduler.tear_down().await?;
        Ok(())
    }

    async fn nodes_report(&self) -> Result<(), Failure> {
        self.cluster.until_registered(&self.client).await?;
        self.step(&format!(
            "{} nodes report what they have, over CoAP to {}.",
            self.cluster.size(),
            self.cluster.coap_addr()
        ))?;
        let agents = self.client.agents().all().await?;
        for agent in &agents {
            let has = |name| lists::scalar(&agent.resources, name) > 0;
            let whole = has(names::CPUS) && has(names::MEM) && has(names::TASKS);
            check(whole, || {
                format!("{} reports no cpus, mem or tasks", agent.name)
            })?;
        }
        lists::agents(self.console, &self.client).await
    }

    async fn an_offer_is_taken(&self, scheduler: &Scheduler) -> Result<Offer, Failure> {
        self.step("A framework asks for nodes with a temperature sensor, and is offered them.")?;
        let on = Constraints::default().sensor(SENSOR);
        let mut offers = scheduler.offers(&on, self.cluster.size(), PATIENCE).await?;
        let offered: BTreeSet<String> = offers.iter().map(|o| o.agent_name.clone()).collect();
        let agents = self.client.agents().all().await?;
        let expected: BTreeSet<String> = agents
            .into_iter()
            .filter(|agent| constraints::assign(&on.devices, &agent.resources).is_some())
            .map(|agent| agent.name)
            .collect();
        check(expected.contains(NODE), || {
            format!("{NODE} has no {SENSOR} sensor")
        })?;
        check(offered == expected, || {
            format!("offered were {offered:?}, not {expected:?}")
        })?;
        for offer in &offers {
            self.tell_line(&format!(
                "{}: cpus {}, mem {}, {}",
                offer.agent_name,
                units::cores(lists::scalar(&offer.resources, names::CPUS)),
                units::bytes(lists::scalar(&offer.resources, names::MEM)),
                lists::devices(&offer.resources, &Default::default()),
            ))?;
        }
        let taken = offers.iter().position(|offer| offer.agent_name == NODE);
        let taken = offers.swap_remove(taken.unwrap_or(0));
        for offer in &offers {
            scheduler.decline(offer, Duration::ZERO).await?;
        }
        Ok(taken)
    }

    async fn a_task_is_launched(
        &self,
        scheduler: &Scheduler,
        offer: &Offer,
    ) -> Result<Task, Failure> {
        self.step(&format!("It launches moving-average on {NODE}."))?;
        let module = self.client.upload_module(MOVING_AVERAGE).await?;
        self.tell_module(&module)?;
        let on = Constraints::default().sensor(SENSOR);
        let devices = on.assign(offer).unwrap_or_default();
        let launch = Launch::new("moving-average", &module)
            .devices(devices)
            .env("INTERVAL_MS", INTERVAL_MS);
        let start = Instant::now();
        let task = scheduler.launch(offer, launch).await?;
        let running = self.client.wait_for_state(task.id, TaskState::Running);
        let task = patiently("RUNNING", running).await??;
        let took = units::micros(start.elapsed().as_micros());
        check(task.state == TaskState::Running, || {
            format!("the task is {}: {:?}", task.state, task.detail)
        })?;
        self.tell_line(&format!("{} after {took}", self.good(task.state)))?;
        let agent = self.client.agent(offer.agent).await?;
        check(agent.tasks == 1, || {
            format!("{} tasks run on {NODE}, not 1", agent.tasks)
        })?;
        self.tell_use(&agent)?;
        Ok(task)
    }

    async fn readings_come_back(&self, task: &Task) -> Result<(), Failure> {
        self.step("Its readings come back: averages of the sensor, in degrees Celsius.")?;
        let mut follower = self.client.follow_output_and_log(task.id);
        let mut readings = 0;
        while readings < READINGS {
            let told = patiently("a reading", follower.next()).await??;
            let Some(output) = told else {
                return Err(Failure::Unexpected(
                    "the task ended before it was killed".into(),
                ));
            };
            if output.level.is_none() {
                let reading = reading(&output.data);
                let plausible = reading.is_some_and(|micro| cluster::GREENHOUSE.contains(&micro));
                check(plausible, || {
                    format!("{:?} is no temperature that {NODE} has", output.data)
                })?;
                readings += 1;
            }
            self.console
                .print(&outputs::lines(self.console, "   ", &output))?;
        }
        Ok(())
    }

    async fn the_task_is_killed(&self, scheduler: &Scheduler, task: &Task) -> Result<(), Failure> {
        self.step("It is killed.")?;
        let start = Instant::now();
        scheduler.kill(task.id).await?;
        let ended = patiently("KILLED", self.client.wait_for_end(task.id)).await??;
        let took = units::micros(start.elapsed().as_micros());
        check(ended.state == TaskState::Killed, || {
            format!("the task is {}", ended.state)
        })?;
        self.tell_line(&format!("{} after {took}", self.good(ended.state)))
    }

    async fn resources_are_free_again(
        &self,
        scheduler: &Scheduler,
        before: &Offer,
    ) -> Result<(), Failure> {
        self.step("Its resources are free again.")?;
        let agent = self.client.agent(before.agent).await?;
        self.tell_use(&agent)?;
        check(agent.tasks == 0, || {
            format!("{} tasks are left on {NODE}", agent.tasks)
        })?;
        let on = Constraints::default().agent(NODE).sensor(SENSOR);
        let offers = scheduler.offers(&on, 1, PATIENCE).await?;
        let again = offers.first().map(|offer| &offer.resources);
        check(again == Some(&before.resources), || {
            format!("offered is now {again:?}, and was {:?}", before.resources)
        })?;
        self.tell_line("and offered as they were before")
    }

    fn tell_module(&self, module: &Module) -> Result<(), Failure> {
        self.tell_line(&format!(
            "module {:.8}: {}, needs {}",
            module.id.to_string(),
            units::bytes(module.size),
            module.permissions.join(", ")
        ))
    }

    fn tell_use(&self, agent: &Agent) -> Result<(), Failure> {
        self.tell_line(&format!(
            "{} uses {} of {} cpus, {} of {} mem",
            agent.name,
            units::cores(lists::scalar(&agent.used, names::CPUS)),
            units::cores(lists::scalar(&agent.resources, names::CPUS)),
            units::bytes(lists::scalar(&agent.used, names::MEM)),
            units::bytes(lists::scalar(&agent.resources, names::MEM)),
        ))
    }

    fn step(&self, title: &str) -> Result<(), Failure> {
        self.console
            .print(&format!("\n{}", self.console.paint(title, Tone::Strong)))
    }

    fn tell_line(&self, line: &str) -> Result<(), Failure> {
        self.console.print(&format!("   {line}"))
    }

    fn good(&self, state: TaskState) -> String {
        self.console.paint(state.name(), Tone::Good)
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::Unexpected(otherwise()))
    }
}

async fn patiently<T>(what: &str, wait: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(PATIENCE, wait).await.map_err(|_| {
        Failure::Unexpected(format!(
            "waited {} s for {what} in vain",
            PATIENCE.as_secs()
        ))
    })
}

/// The reading in `temperature=21.5`, in millionths of a degree.
fn reading(data: &OutputData) -> Option<i64> {
    let OutputData::Text(text) = data else {
        return None;
    };
    let decimal = text.strip_prefix(SENSOR)?.strip_prefix('=')?;
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{fraction:0<6}").parse().ok()
}
