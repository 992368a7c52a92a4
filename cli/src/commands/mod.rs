//! One file a command.

mod backup;
mod bench;
mod demo;
mod drain;
mod enroll;
mod join;
mod kill;
mod lists;
mod logs;
mod ps;
mod run;
mod tokens;
mod up;
mod usage;

use clap::CommandFactory;

use crate::args::{Bench, Cli, Command};
use crate::console::Console;
use crate::exit::Failure;

/// Does what `cli` says.
pub(crate) async fn execute(console: &Console, cli: Cli) -> Result<(), Failure> {
    let client = || cli.client();
    match &cli.command {
        Command::Up(args) => up::up(console, args).await,
        Command::Demo => demo::demo(console).await,
        Command::Run(args) => run::run(console, client()?, args).await,
        Command::Ps(args) => ps::ps(console, &client()?, args).await,
        Command::Logs(args) => logs::logs(console, &client()?, args).await,
        Command::Usage(args) => usage::usage(console, &client()?, args).await,
        Command::Kill(args) => kill::kill(console, &client()?, args).await,
        Command::Agents => lists::agents(console, &client()?).await,
        Command::Drain(args) => drain::drain(console, &client()?, args).await,
        Command::Undrain { name } => drain::undrain(console, &client()?, name).await,
        Command::Offers => lists::offers(console, &client()?).await,
        Command::Modules => lists::modules(console, &client()?).await,
        Command::Tokens(args) => tokens::tokens(console, &client()?, args).await,
        Command::Enroll(args) => enroll::enroll(console, &client()?, args).await,
        Command::Enrolled => enroll::list(console, &client()?).await,
        Command::Rotate(args) => enroll::rotate(console, &client()?, args).await,
        Command::Revoke { name } => enroll::revoke(console, &client()?, name).await,
        Command::JoinToken(args) => join::tokens(console, &client()?, args).await,
        Command::Join(args) => join::join(console, &client()?, args).await,
        Command::Backup(args) => backup::backup(console, &client()?, args).await,
        Command::Restore(args) => backup::restore(console, &client()?, args).await,
        Command::Bench(Bench::Launch(args)) => {
            let remote = cli.master.as_ref().map(|_| cli.client()).transpose()?;
            bench::launch(console, remote, args).await
        }
        Command::Bench(Bench::Agent(args)) => bench::agent(console, args).await,
        Command::Bench(Bench::Store(args)) => bench::store(console, args).await,
        Command::Bench(Bench::StoreMaster(args)) => bench::serve(console, args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "edgerm", &mut script);
            console.print(&String::from_utf8_lossy(&script))
        }
    }
}

/// This program as its user called it, so that what is told to be typed next works.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "edgerm".into())
}
