#![forbid(unsafe_code)]
//! `edgerm`: the command of those who run tasks on an EdgeRM cluster, and of those who want to
//! see one. It speaks the master's HTTP API and nothing else; only `up`, `demo` and `bench`
//! bring up a cluster, in this process.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `args` | the command line |
//! | `commands` | one file a command |
//! | `exit` | how a command ends: message, what to do next, exit code |
//! | `console`, `table`, `outputs`, `units` | words for people, JSON for programs |
//! | `selector`, `gather`, `diagnosis` | `--on`: which nodes, and why none |
//! | `cohort` | the tasks of one command, watched |
//! | `resolve`, `module_source` | ids written short, modules in files |
//! | `interrupt` | Ctrl-C |
//! | `cluster` | a master and its agents, in this process |
//! | `own_token` | the token of such a master, for other commands of this user |

mod args;
mod cluster;
mod cohort;
mod commands;
mod console;
mod contained;
mod credential;
mod diagnosis;
mod exit;
mod gather;
mod interrupt;
mod module_source;
mod outputs;
mod own_token;
mod resolve;
mod selector;
mod supervision;
mod table;
mod units;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Failure;

/// What is logged unless `RUST_LOG` says otherwise. To warp, a client that hangs up is an error.
const LOGGED: &str = "error,warp=off";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(cli.output, cli.quiet);
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::local("cannot start the runtime", error);
            console.report(&failure);
            return failure.code();
        }
    };
    let outcome = runtime.block_on(commands::execute(&console, cli));
    // What a command leaves behind, such as a long poll, is of no use to anybody.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::PipeClosed | Failure::Interrupted) {
                console.report(&failure);
            }
            failure.code()
        }
    }
}
