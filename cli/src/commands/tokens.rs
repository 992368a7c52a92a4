//! `edgerm tokens`.

use edgerm_framework::Client;
use std::collections::BTreeSet;

use edgerm_framework::api::{NewToken, Policy, Role};

use super::lists::plain;
use crate::args::Tokens;
use crate::console::Console;
use crate::exit::Failure;
use crate::table::Table;

pub(super) async fn tokens(
    console: &Console,
    client: &Client,
    args: &Tokens,
) -> Result<(), Failure> {
    match args {
        Tokens::Issue {
            name,
            role,
            allowed,
        } => {
            let new = NewToken {
                policy: allowed.policy(),
                ..NewToken::new(name, (*role).into())
            };
            let issued = client.issue_token(&new).await?;
            if console.is_json() {
                return console.print_json(&issued);
            }
            console.note("nobody can ask for it again; show it with --token or EDGERM_TOKEN:");
            console.print(&issued.secret)
        }
        Tokens::List => list(console, client).await,
        Tokens::Revoke { name } => Ok(client.revoke_token(name).await?),
    }
}

async fn list(console: &Console, client: &Client) -> Result<(), Failure> {
    let tokens = client.tokens().all().await?;
    if let Some(done) = plain(console, &tokens, |token| token.name.clone()) {
        return done;
    }
    let mut table = Table::new(["TOKEN", "ROLE", "ALLOWED"]);
    for token in &tokens {
        let role = match token.role {
            Role::Operator => "operator",
            Role::Framework => "framework",
            Role::ReadOnly => "read-only",
        };
        let allowed = token.policy.as_ref().map_or_else(String::new, shown);
        table.row([(&token.name).into(), role.into(), (&allowed).into()]);
    }
    console.print(&table.render(console))
}

/// A policy in one line.
fn shown(policy: &Policy) -> String {
    let kinds = [
        ("permissions", policy.permissions.as_ref()),
        ("sensors", policy.sensors.as_ref()),
        ("actuators", policy.actuators.as_ref()),
    ];
    let names = |names: &BTreeSet<String>| match names.is_empty() {
        true => "none".to_owned(),
        false => names
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(","),
    };
    let kinds = kinds.into_iter();
    let kinds = kinds.filter_map(|(what, allowed)| Some(format!("{what}={}", names(allowed?))));
    let bytes = policy
        .bytes_per_day
        .map(|bytes| format!("bytes/day={bytes}"));
    kinds.chain(bytes).collect::<Vec<_>>().join(" ")
}
