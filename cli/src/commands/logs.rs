//! `edgerm logs`.

use edgerm_framework::Client;

use crate::args::Logs;
use crate::console::Console;
use crate::exit::Failure;
use crate::{outputs, resolve};

pub(super) async fn logs(console: &Console, client: &Client, args: &Logs) -> Result<(), Failure> {
    let task = resolve::task(client, &args.task).await?;
    let mut follower = client.follow_output(task.id);
    loop {
        let next = if args.follow {
            follower.next().await?
        } else {
            follower.next_kept().await?
        };
        let Some(output) = next else {
            return Ok(());
        };
        if console.is_json() {
            console.print_json_line(&output)?;
        } else {
            console.print(&outputs::lines(console, "", &output))?;
        }
    }
}
