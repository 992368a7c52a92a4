//! `edgerm run`: one task on each of so many nodes that have what it needs.
//!
//! All runs on a cluster share one framework, which stays: a task ends when its framework
//! does, and what was started without `--follow` is to go on.

use std::time::Duration;

use edgerm_framework::api::{EventKind, Offer, Output, Task};
use edgerm_framework::launch::DEFAULT_CONTAINER_MEM;
use edgerm_framework::resource::names;
use edgerm_framework::{Client, ConstraintsExt, Error, Launch, Scheduler, TaskState};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::ps;
use crate::args::Run;
use crate::cohort::Cohort;
use crate::console::Console;
use crate::diagnosis::Wanted;
use crate::exit::Failure;
use crate::gather::Gathered;
use crate::interrupt::Interrupt;
use crate::{contained, module_source, outputs, selector, units};

/// What the framework of all runs is called.
const FRAMEWORK: &str = "edgerm-run";

/// How long tasks may take to end after Ctrl-C.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// Outputs that wait for a slow terminal, of all tasks together.
const OUTPUT_QUEUE: usize = 64;

pub(super) async fn run(console: &Console, client: Client, args: &Run) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    let prepared = async {
        let module = match &args.module {
            Some(name) => Some(module_source::obtain(console, &client, name).await?),
            None => None,
        };
        let scheduler = join(&client).await?;
        let cohort = Cohort::watch_own(&scheduler).await?;
        Ok::<_, Failure>((module, scheduler, cohort))
    };
    let (module, scheduler, mut cohort) = tokio::select! {
        prepared = prepared => prepared?,
        () = interrupt.raised() => return Err(Failure::Interrupted),
    };
    let permissions = module.as_ref().map(|it| it.permissions.as_slice());
    let permissions = permissions.unwrap_or_default();
    if let Some(class) = selector::class_without_device(permissions, &args.on) {
        console.note(&format!(
            "it may use {class}s, but is given none: --on {class}=KIND gives it one"
        ));
    }
    if let Some(warning) = args.supervision.warning() {
        console.note(&warning);
    }
    let constraints = selector::constraints(&args.on).at_least(names::CPUS, args.cpus);
    let constraints = match &module {
        Some(module) => constraints.module(module, args.mem),
        None => {
            let mem = args.mem.unwrap_or(DEFAULT_CONTAINER_MEM);
            constraints.containers().at_least(names::MEM, mem)
        }
    };
    let constraints = args.supervision.constrain(constraints);
    let wanted = Wanted {
        constraints: &constraints,
        module: module.as_ref(),
    };
    let mut gathered = Gathered::default();
    tokio::select! {
        enough = gathered.gather(&scheduler, wanted, args.count, args.timeout) => enough?,
        () = interrupt.raised() => {
            gathered.release(&scheduler).await;
            return Err(Failure::Interrupted);
        }
    }
    let launched = async {
        for offer in gathered.offers() {
            let launch = order(args, wanted, offer)?;
            cohort.insert(scheduler.launch(offer, launch).await?);
        }
        Ok::<_, Failure>(())
    };
    if let Err(failure) = launched.await {
        gathered.release(&scheduler).await;
        if cohort.tasks().next().is_some() {
            // Some nodes took theirs before one could not.
            ps::show(console, cohort.tasks().cloned().collect())?;
        }
        return Err(failure);
    }
    if args.follow {
        follow(console, &scheduler, &mut cohort, &mut interrupt).await?;
    } else {
        started(console, &mut cohort, &mut interrupt, args.timeout).await?;
    }
    let bad: Vec<Task> = cohort
        .tasks()
        .filter(|task| task.state.is_terminal() && task.state != TaskState::Completed)
        .cloned()
        .collect();
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Failure::TasksFailed(bad))
    }
}

/// The framework of all runs, registered where this is the first.
async fn join(client: &Client) -> Result<Scheduler, Failure> {
    let mut pages = client.frameworks();
    while let Some(frameworks) = pages.next_page().await? {
        if let Some(framework) = frameworks.into_iter().find(|one| one.name == FRAMEWORK) {
            return Ok(Scheduler::resume(client.clone(), framework.id));
        }
    }
    Ok(Scheduler::register(client.clone(), FRAMEWORK).await?)
}

fn order(args: &Run, wanted: Wanted<'_>, offer: &Offer) -> Result<Launch, Failure> {
    let devices = wanted.constraints.assign(offer).ok_or_else(|| {
        Failure::Unexpected(format!(
            "the master offered {} without the devices that were asked for",
            offer.agent_name
        ))
    })?;
    let said = args.name.clone();
    let launch = match (wanted.module, args.contained.on(offer)?) {
        (_, Some((container, ports))) => {
            let image = || contained::task_name(&container.image);
            Launch::container(said.unwrap_or_else(image), container).ports(ports)
        }
        (Some(module), None) => {
            let file = args.module.as_deref().unwrap_or_default();
            let name = said.unwrap_or_else(|| module_source::task_name(file));
            Launch::new(name, module)
        }
        (None, None) => {
            let nothing = "there is neither a module nor an image to run";
            return Err(Failure::Unexpected(nothing.to_owned()));
        }
    };
    let mut launch = launch.cpus(args.cpus).devices(devices);
    launch = args.supervision.put_into(launch);
    if let Some(mem) = args.mem {
        launch = launch.mem(mem);
    }
    let env = args.env.iter();
    Ok(env.fold(launch, |launch, (key, value)| launch.env(key, value)))
}

/// Waits until every task runs, or has ended already, and shows them.
async fn started(
    console: &Console,
    cohort: &mut Cohort,
    interrupt: &mut Interrupt,
    patience: Duration,
) -> Result<(), Failure> {
    let run = |task: &Task| task.state >= TaskState::Running;
    let ready = tokio::select! {
        ready = timeout(patience, cohort.until(run)) => ready,
        () = interrupt.raised() => {
            ps::show(console, cohort.tasks().cloned().collect())?;
            return Err(Failure::Interrupted);
        }
    };
    ps::show(console, cohort.tasks().cloned().collect())?;
    match ready {
        Ok(ready) => Ok(ready?),
        Err(_) => Err(Failure::TimedOut {
            what: format!("not every task runs after {} s", patience.as_secs_f32()),
            next:
                "they are launched and may run yet: `edgerm ps` shows them, `edgerm kill` ends them"
                    .into(),
        }),
    }
}

/// Shows what the tasks tell until all have ended; the first Ctrl-C ends them.
async fn follow(
    console: &Console,
    scheduler: &Scheduler,
    cohort: &mut Cohort,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let tasks: Vec<Task> = cohort.tasks().cloned().collect();
    let width = tasks
        .iter()
        .map(|task| task.agent_name.chars().count())
        .max()
        .unwrap_or(0);
    let width = if tasks.len() == 1 { 0 } else { width };
    let mut inbox = outputs_of(scheduler.client(), &tasks);
    let mut told_all = false;
    let mut give_up_at = None;
    while !(told_all && cohort.has_ended()) {
        tokio::select! {
            told = inbox.recv(), if !told_all => match told {
                Some(told) => {
                    let (node, output) = told?;
                    show_output(console, &node, width, output)?;
                }
                None => told_all = true,
            },
            changed = cohort.next(), if !cohort.has_ended() => show_change(console, changed?)?,
            () = interrupt.raised() => {
                if give_up_at.is_some() {
                    return Err(Failure::Interrupted);
                }
                console.note("ending the tasks; Ctrl-C again does not wait for them");
                give_up_at = Some(Instant::now() + KILL_PATIENCE);
                for task in cohort.tasks().filter(|task| !task.state.is_terminal()) {
                    scheduler.kill(task.id).await?;
                }
            }
            () = at(give_up_at) => {
                console.note("told to end, but not gone yet: `edgerm ps` shows which");
                return Err(Failure::Interrupted);
            }
        }
    }
    if give_up_at.is_some() {
        Err(Failure::Interrupted)
    } else {
        Ok(())
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

type Told = Result<(String, Output), Error>;

/// What all of `tasks` tell, with the names of their nodes, until all have ended.
fn outputs_of(client: &Client, tasks: &[Task]) -> mpsc::Receiver<Told> {
    let (told, inbox) = mpsc::channel(OUTPUT_QUEUE);
    for task in tasks {
        let (mut follower, told) = (client.follow_output_and_log(task.id), told.clone());
        let node = task.agent_name.clone();
        tokio::spawn(async move {
            // Ends with the task, after an error, or when nobody listens any more.
            while let Some(next) = follower.next().await.transpose() {
                let failed = next.is_err();
                let next = next.map(|output| (node.clone(), output));
                if told.send(next).await.is_err() || failed {
                    break;
                }
            }
        });
    }
    inbox
}

fn show_output(console: &Console, node: &str, width: usize, output: Output) -> Result<(), Failure> {
    if console.is_json() {
        return console.print_json_line(&EventKind::TaskOutput { output });
    }
    let prefix = if width == 0 {
        String::new()
    } else {
        format!("{node:width$} | ")
    };
    console.print(&outputs::lines(console, &prefix, &output))
}

fn show_change(console: &Console, task: Task) -> Result<(), Failure> {
    if console.is_json() {
        return console.print_json_line(&EventKind::TaskUpdated { task });
    }
    let why = task
        .detail
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    let age = units::age(task.age_ms);
    console.note(&format!(
        "{} on {} {} after {age}{why}",
        task.name, task.agent_name, task.state
    ));
    Ok(())
}
