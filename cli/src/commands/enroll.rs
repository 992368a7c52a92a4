//! `edgerm enroll`, `enrolled`, `rotate` and `revoke`.

use std::time::{SystemTime, UNIX_EPOCH};

use edgerm_framework::Client;

use super::lists::plain;
use crate::args::Enroll;
use crate::console::Console;
use crate::credential::Place;
use crate::exit::Failure;
use crate::table::Table;
use crate::units;

pub(super) async fn enroll(
    console: &Console,
    client: &Client,
    args: &Enroll,
) -> Result<(), Failure> {
    let place = Place::prepare(&args.to, &args.name)?;
    place.write(console, &client.enroll(&args.name).await?)
}

pub(super) async fn rotate(
    console: &Console,
    client: &Client,
    args: &Enroll,
) -> Result<(), Failure> {
    let place = Place::prepare(&args.to, &args.name)?;
    place.write(console, &client.rotate_credential(&args.name).await?)
}

pub(super) async fn revoke(console: &Console, client: &Client, name: &str) -> Result<(), Failure> {
    client.revoke_credential(name).await?;
    console.note(&format!("the agent {name} is refused from now on"));
    Ok(())
}

pub(super) async fn list(console: &Console, client: &Client) -> Result<(), Failure> {
    let enrolled = client.enrollments().all().await?;
    if let Some(done) = plain(console, &enrolled, |agent| agent.name.clone()) {
        return done;
    }
    let now = now_ms();
    let ago = |at| format!("{} ago", units::age(now.saturating_sub(at)));
    let mut table = Table::new(["NAME", "KEY ID", "ENROLLED", "ROTATED"]);
    for agent in &enrolled {
        table.row([
            (&agent.name).into(),
            (&agent.key_id).into(),
            ago(agent.enrolled_at_ms).into(),
            agent.rotated_at_ms.map(ago).unwrap_or_default().into(),
        ]);
    }
    console.print(&table.render(console))
}

/// Milliseconds since the Unix epoch, by this machine's clock.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}
