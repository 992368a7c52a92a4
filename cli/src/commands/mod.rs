//! One file a command.

mod kill;
mod lists;
mod logs;
mod ps;
mod run;

use clap::CommandFactory;
use edgerm_framework::Client;

use crate::args::{Cli, Command};
use crate::console::Console;
use crate::exit::Failure;

/// Does what `cli` says.
pub(crate) async fn execute(console: &Console, cli: Cli) -> Result<(), Failure> {
    let client = || Client::new(cli.master_url());
    match &cli.command {
        Command::Run(args) => run::run(console, client()?, args).await,
        Command::Ps(args) => ps::ps(console, &client()?, args).await,
        Command::Logs(args) => logs::logs(console, &client()?, args).await,
        Command::Kill(args) => kill::kill(console, &client()?, args).await,
        Command::Agents => lists::agents(console, &client()?).await,
        Command::Offers => lists::offers(console, &client()?).await,
        Command::Modules => lists::modules(console, &client()?).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "edgerm", &mut script);
            console.print(&String::from_utf8_lossy(&script))
        }
    }
}
