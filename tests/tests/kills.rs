//! A master and agents that are killed with `kill -9` at any time, under load: nothing that
//! anybody was told is lost, no task runs twice at once, no resource is held for ever.
//!
//! 24 kills in a usual run; `EDGERM_KILLS=200` for more.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edgerm_framework::api::{Constraints, Module, Restart};
use edgerm_framework::{Client, Error, Launch, Scheduler, TaskId, TaskState};
use edgerm_tests::firmware::child::{Console, Process, owned};
use edgerm_tests::firmware::programs::{self, Program};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

const KILLS: u32 = 24;
const AGENTS: [&str; 2] = ["one", "two"];
const LOADERS: usize = 3;

/// A bound on failure: what is waited for comes soon, or never.
const PATIENCE: Duration = Duration::from_secs(120);

/// Some work, and its end.
const WORK: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "_start") (local $i i32)
        (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 200000))))))"#;

/// No end, until it is killed.
const SPIN: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "_start") (loop $again (br $again))))"#;

/// What somebody was told.
#[derive(Default)]
struct Told {
    /// Tasks that were accepted.
    tasks: BTreeSet<TaskId>,
    /// Those of them that are killed.
    killed: BTreeSet<TaskId>,
    /// How tasks were seen to have ended.
    ends: BTreeMap<TaskId, TaskState>,
}

struct Cluster {
    folder: tempfile::TempDir,
    http: SocketAddr,
    coap: SocketAddr,
    master: Process,
    agents: Vec<Process>,
    /// What each process of each agent printed.
    consoles: Vec<(usize, Console)>,
}

fn start_master(folder: &Path, http: SocketAddr, coap: SocketAddr) -> Process {
    let mut command = owned(Program::Master.path());
    command
        .args(["--http", &http.to_string(), "--coap", &coap.to_string()])
        .arg("--store")
        .arg(folder.join("master.redb"))
        // However many end, each is looked for in the end.
        .args(["--limit", "ended-tasks=1000000"]);
    let process = Process::start("the master", command);
    process.console().line_with(0, "http_addr=");
    process
}

impl Cluster {
    async fn start() -> (Self, Client) {
        let folder = tempfile::tempdir().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let master = start_master(folder.path(), any, any);
        let http = master.console().address("http_addr=");
        let coap = master.console().address("coap_addr=");
        let client = Client::new(&format!("http://{http}")).unwrap();
        let config = "hwmon = false\niio = false\nping_period = \"200ms\"\n";
        std::fs::write(folder.path().join("agent.toml"), config).unwrap();
        for name in AGENTS {
            let issued = client.enroll(name).await.unwrap();
            let path = folder.path().join(format!("{name}.toml"));
            let mut options = std::fs::OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .mode(0o600)
                .open(path)
                .unwrap();
            let text = format!("name = {name:?}\ncredential = {:?}\n", issued.credential);
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        }
        let mut cluster = Self {
            folder,
            http,
            coap,
            master,
            agents: Vec::new(),
            consoles: Vec::new(),
        };
        for agent in 0..AGENTS.len() {
            let process = cluster.start_agent(agent);
            cluster.agents.push(process);
        }
        (cluster, client)
    }

    fn start_agent(&mut self, agent: usize) -> Process {
        let name = AGENTS[agent];
        let mut command = owned(Program::Agent.path());
        command
            .arg("--config")
            .arg(self.folder.path().join("agent.toml"))
            .arg("--credential")
            .arg(self.folder.path().join(format!("{name}.toml")))
            .args(["--master", &self.coap.to_string()])
            .arg("--data-dir")
            .arg(self.folder.path().join(name));
        let process = Process::start(name, command);
        self.consoles.push((agent, process.console().clone()));
        process
    }

    fn kill_master(&mut self) {
        self.master.kill();
        self.master = start_master(self.folder.path(), self.http, self.coap);
    }

    fn kill_agent(&mut self, agent: usize) {
        self.agents[agent].kill();
        self.agents[agent] = self.start_agent(agent);
    }

    /// How often each task was started in one process, at most, and by which agents.
    fn starts(&self) -> BTreeMap<String, (usize, BTreeSet<usize>)> {
        let mut all: BTreeMap<String, (usize, BTreeSet<usize>)> = BTreeMap::new();
        for (agent, console) in &self.consoles {
            let mut own: BTreeMap<String, usize> = BTreeMap::new();
            for line in console.text().lines() {
                if let Some((_, task)) = line.split_once("driver: starting task=") {
                    *own.entry(task.to_owned()).or_default() += 1;
                }
            }
            for (task, count) in own {
                let entry = all.entry(task).or_default();
                entry.0 = entry.0.max(count);
                entry.1.insert(*agent);
            }
        }
        all
    }
}

/// Waits a little where the master is not there, as any client does.
async fn again(error: &Error) {
    if error.refusal_code().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Launches tasks, and kills some, for as long as it is told to.
async fn load(
    scheduler: Scheduler,
    modules: (Module, Module),
    seed: u64,
    told: Arc<Mutex<Told>>,
    is_over: Arc<AtomicBool>,
) {
    let mut random = Pcg32::seed_from_u64(seed);
    while !is_over.load(Ordering::Relaxed) {
        let wanted = Constraints::default();
        let offers = scheduler.offers(&wanted, 1, Duration::from_secs(1)).await;
        let offers = match offers {
            Ok(offers) => offers,
            Err(error) => {
                again(&error).await;
                continue;
            }
        };
        for offer in offers {
            let spins = random.next_u32().is_multiple_of(4);
            let module = if spins { &modules.1 } else { &modules.0 };
            let restart = [Restart::No, Restart::Reboot][random.next_u32() as usize % 2];
            let launch = Launch::new("task", module).restart(restart);
            match scheduler.launch(&offer, launch).await {
                Ok(task) => {
                    told.lock().unwrap().tasks.insert(task.id);
                    if spins && kill(&scheduler, task.id, &is_over).await {
                        told.lock().unwrap().killed.insert(task.id);
                    }
                }
                Err(error) => again(&error).await,
            }
        }
    }
}

/// Asks that a task end, until the master has said that it is to; whether it has.
async fn kill(scheduler: &Scheduler, task: TaskId, is_over: &AtomicBool) -> bool {
    loop {
        match scheduler.kill(task).await {
            Ok(_) => return true,
            Err(error) if error.is_not_found() => panic!("{task} is lost: {error}"),
            Err(error) if is_over.load(Ordering::Relaxed) => {
                drop(error);
                return false;
            }
            Err(error) => again(&error).await,
        }
    }
}

/// Looks at all tasks: whatever is seen to have ended stays as it is.
async fn look(client: &Client, told: &Mutex<Told>) {
    let mut pages = client.tasks();
    while let Ok(Some(page)) = pages.next_page().await {
        let mut told = told.lock().unwrap();
        for task in page.into_iter().filter(|task| task.state.is_terminal()) {
            let before = told.ends.insert(task.id, task.state);
            assert!(
                before.is_none_or(|it| it == task.state),
                "{} was {before:?}",
                task.id
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whoever_is_killed() {
    programs::build();
    let kills = std::env::var("EDGERM_KILLS");
    let kills = kills.map_or(KILLS, |it| it.parse().expect("a number of kills"));
    let (mut cluster, client) = Cluster::start().await;
    let work = client
        .upload_module(wat::parse_str(WORK).unwrap())
        .await
        .unwrap();
    let spin = client
        .upload_module(wat::parse_str(SPIN).unwrap())
        .await
        .unwrap();
    let scheduler = Scheduler::register(client.clone(), "load").await.unwrap();
    let (told, is_over) = (
        Arc::new(Mutex::new(Told::default())),
        Arc::new(AtomicBool::new(false)),
    );
    let loaders: Vec<_> = (0..LOADERS as u64)
        .map(|seed| {
            let modules = (work.clone(), spin.clone());
            let (told, is_over) = (Arc::clone(&told), Arc::clone(&is_over));
            tokio::spawn(load(scheduler.clone(), modules, seed, told, is_over))
        })
        .collect();
    let mut random = Pcg32::seed_from_u64(7);
    let mut masters = 0;
    for count in 0..kills {
        // At a random moment: that is what this is about.
        let moment = Duration::from_millis(u64::from(50 + random.next_u32() % 400));
        tokio::time::sleep(moment).await;
        look(&client, &told).await;
        if count % 2 == 0 {
            cluster.kill_master();
            masters += 1;
        } else {
            cluster.kill_agent(random.next_u32() as usize % AGENTS.len());
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for loader in loaders {
        loader.await.unwrap();
    }

    // All that spin are killed, and everything settles.
    let accepted = told.lock().unwrap().tasks.clone();
    let until = Instant::now() + PATIENCE;
    loop {
        let mut running = 0;
        for task in &accepted {
            let shown = client.task(*task).await;
            let shown = shown.unwrap_or_else(|error| panic!("{task} is lost: {error}"));
            if !shown.state.is_terminal() {
                running += 1;
                if shown.module == Some(spin.id) {
                    scheduler.kill(*task).await.unwrap();
                }
            }
        }
        if running == 0 {
            break;
        }
        assert!(Instant::now() < until, "{running} tasks do not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    look(&client, &told).await;
    let mut pages = client.tasks();
    while let Some(page) = pages.next_page().await.unwrap() {
        // Those that nobody was told of are killed too.
        for task in page.into_iter().filter(|task| !task.state.is_terminal()) {
            scheduler.kill(task.id).await.unwrap();
        }
    }
    loop {
        let mut pages = client.agents();
        let mut held = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            held.extend(
                page.into_iter()
                    .filter(|it| !(it.used.is_empty() && it.offered.is_empty())),
            );
        }
        if held.is_empty() {
            break;
        }
        assert!(
            Instant::now() < until,
            "something is held for ever: {held:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let starts = cluster.starts();
    for (task, (most, agents)) in &starts {
        assert_eq!((*most, agents.len()), (1, 1), "{task} runs twice");
    }
    let told = told.lock().unwrap();
    let count = |state| told.ends.values().filter(|it| **it == state).count();
    println!(
        "{masters} kills of the master, {} of agents: {} tasks accepted, {} started, {} COMPLETED, \
         {} KILLED, {} LOST",
        kills - masters,
        told.tasks.len(),
        starts.len(),
        count(TaskState::Completed),
        count(TaskState::Killed),
        count(TaskState::Lost)
    );
    assert!(count(TaskState::Completed) > 0 && count(TaskState::Killed) > 0);
}
