//! `edgerm tokens`.

use edgerm_framework::Client;
use edgerm_framework::api::{NewToken, Role};

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
        Tokens::Issue { name, role } => {
            let (name, role) = (name.clone(), (*role).into());
            let issued = client.issue_token(&NewToken { name, role }).await?;
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
    let mut table = Table::new(["TOKEN", "ROLE"]);
    for token in &tokens {
        let role = match token.role {
            Role::Operator => "operator",
            Role::Framework => "framework",
            Role::ReadOnly => "read-only",
        };
        table.row([(&token.name).into(), role.into()]);
    }
    console.print(&table.render(console))
}
