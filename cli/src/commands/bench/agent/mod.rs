//! `edgerm bench agent`: how soon an agent is there, and what it takes of a machine while nothing
//! runs on it.
//!
//! The agent is the program that ships, in a process and a folder of its own, over loopback and
//! hence without OSCORE; the master is in this process. One agent runs at a time: the memory of
//! what two of them share would be counted by halves.
//!
//! | file | is |
//! |---|---|
//! | `process` | the agent in its process |
//! | `figures` | what the kernel counts of that |
//! | `report` | what came of it, and the bounds |

mod figures;
mod process;
mod report;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edgerm_framework::Client;
use edgerm_master::Running;
use tempfile::TempDir;

use crate::args::BenchAgent;
use crate::cluster;
use crate::console::Console;
use crate::exit::Failure;
use crate::interrupt::Interrupt;

use figures::{Memory, cpu_time};
use process::{AgentProcess, find};
use report::{Measured, Report};

/// Time between two pings of the agent: what it is unless told.
const PING_PERIOD: Duration = Duration::from_secs(5);

pub(crate) async fn agent(console: &Console, args: &BenchAgent) -> Result<(), Failure> {
    let program = find(args.agent.as_deref())?;
    // So that the agent and its folder go with this process.
    let mut interrupt = Interrupt::listen()?;
    let bench = Bench::start(program, args).await?;
    let measured = tokio::select! {
        measured = bench.measure(console, args.docker.as_deref()) => measured,
        () = interrupt.raised() => Err(Failure::Interrupted),
    };
    bench.master.shutdown().await;
    measured?.show(console)
}

/// A master, and what agents of it are started with.
struct Bench {
    program: PathBuf,
    runs: usize,
    idle: Duration,
    master: Running,
    client: Client,
    folder: TempDir,
}

impl Bench {
    async fn start(program: PathBuf, args: &BenchAgent) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::local("cannot make a folder for the agent", error))?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (master, secret) = cluster::start_master(any, any).await?;
        let client = Client::new(&format!("http://{}", master.http_addr))?;
        Ok(Self {
            program,
            runs: args.runs.get(),
            idle: args.idle,
            client: client.with_token(secret.as_str())?,
            master,
            folder,
        })
    }

    async fn measure(&self, console: &Console, docker: Option<&Path>) -> Result<Report, Failure> {
        let mut agents = vec![self.measure_one(console, None).await?];
        if docker.is_some() {
            agents.push(self.measure_one(console, docker).await?);
        }
        Ok(Report::new(&self.program, PING_PERIOD, agents))
    }

    /// The figures of an agent with WASM alone, or with this engine's containers too.
    async fn measure_one(
        &self,
        console: &Console,
        docker: Option<&Path>,
    ) -> Result<Measured, Failure> {
        let what = if docker.is_some() {
            "WASM and Docker"
        } else {
            "WASM alone"
        };
        console.note(&format!("{what}: {} starts", self.runs));
        // The first makes the folder, and is not counted.
        let (mut agent, _) = self.start_agent(docker).await?;
        let mut starts = Vec::with_capacity(self.runs);
        for _ in 0..self.runs {
            agent.leave().await?;
            let (next, took) = self.start_agent(docker).await?;
            agent = next;
            starts.push(took);
        }
        console.note(&format!("{what}: idle for {} s", self.idle.as_secs()));
        let (start, used) = (Instant::now(), cpu_time(agent.id())?);
        agent.lasts(self.idle).await?;
        let used = cpu_time(agent.id())?.saturating_sub(used);
        let idle = start.elapsed();
        let memory = Memory::of(agent.id())?;
        agent.leave().await?;
        Ok(Measured {
            docker: docker.is_some(),
            starts,
            memory,
            idle,
            used,
        })
    }

    /// Starts an agent, and tells how long it took until the master had it, with all that it
    /// tells of itself.
    async fn start_agent(
        &self,
        docker: Option<&Path>,
    ) -> Result<(AgentProcess, Duration), Failure> {
        let folder = self.folder.path();
        let data = folder.join(if docker.is_some() { "docker" } else { "wasm" });
        let options = process::Options {
            program: &self.program,
            master: self.master.coap_addr,
            data: &data,
            log: &folder.join("log"),
            ping_period: PING_PERIOD,
            docker,
        };
        // Of none that was there before.
        let mut events = self.client.events().await?;
        let start = Instant::now();
        let mut agent = AgentProcess::start(&options)?;
        agent.registers(&mut events, docker).await?;
        Ok((agent, start.elapsed()))
    }
}
