#![forbid(unsafe_code)]
//! `edgerm-agent`: the agent as a program of its own.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use edgerm_linux_agent::check::Check;
use edgerm_linux_agent::config::{Args, Config};
use edgerm_linux_agent::{Agent, rlimits};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// How long a farewell may take: a retransmission or two (RFC 7252 section 4.8: 2 to 3 s, then
/// twice that). A master that does not answer finds out by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// The EdgeRM agent: offers this machine and its sensors to a cluster, and runs its tasks.
#[derive(Debug, Parser)]
#[command(name = "edgerm-agent", version)]
struct Command {
    #[command(flatten)]
    args: Args,
    /// Print what the agent would offer and what is wrong, and end: with 0 where nothing is. Nothing
    /// is said to the master.
    #[arg(long)]
    check: bool,
    /// What is logged, as in `info,edgerm_linux_agent=debug`.
    #[arg(long, env = "EDGERM_LOG", default_value = "info")]
    log: String,
    /// How the log is written: `json` is a line of JSON for each event.
    #[arg(long, env = "EDGERM_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<ExitCode> {
    let command = Command::parse();
    let filter = EnvFilter::try_new(&command.log)
        .with_context(|| format!("--log {:?} is no filter", command.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match command.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    for error in rlimits::set() {
        tracing::warn!(%error, "goes on as it is");
    }
    let config = Config::load(&command.args)?;
    if command.check {
        let check = Check::of(&config).await;
        print!("{check}");
        return Ok(match check.problems() {
            [] => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        });
    }
    tracing::info!(name = config.name, master = config.master, "starting");
    let mut stop = Stop::listen().context("cannot wait for signals")?;
    let agent = Agent::start(config.options()?).await?;
    tell_systemd(NotifyState::Ready);
    stop.asked().await;
    tell_systemd(NotifyState::Stopping);
    tracing::info!("leaving; once more to leave without a word");
    tokio::select! {
        () = agent.leave() => {}
        () = tokio::time::sleep(FAREWELL) => tracing::warn!("the master does not answer"),
        () = stop.asked() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells systemd, where a unit of `Type=notify` runs this: sd_notify(3).
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd is not told");
    }
}

/// What asks the process to stop: Ctrl-C and SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From here on none of them ends the process by itself.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns once it is asked, for each time anew.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
