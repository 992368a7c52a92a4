//! `edgerm join-token` and `edgerm join`.

use std::io::Read;
use std::path::Path;

use edgerm_coap::oscore::{self, Credential, JOIN_NONCE};
use edgerm_framework::Client;
use edgerm_framework::api::{self, IssuedCredential, Joined, NewJoinToken};

use super::enroll::now_ms;
use super::lists::plain;
use crate::args::{Join, JoinToken};
use crate::console::Console;
use crate::credential::Place;
use crate::exit::Failure;
use crate::table::Table;
use crate::units;

/// Bytes of a file with a token at most.
const MAX_FILE: u64 = 1024;

pub(super) async fn tokens(
    console: &Console,
    client: &Client,
    args: &JoinToken,
) -> Result<(), Failure> {
    match args {
        JoinToken::Issue {
            label,
            expires_in,
            uses,
        } => {
            let new = NewJoinToken {
                label: label.clone(),
                expires_in: expires_in.as_secs(),
                uses: *uses,
            };
            let issued = client.issue_join_token(&new).await?;
            if console.is_json() {
                return console.print_json(&issued);
            }
            console.note("nobody can ask for it again; `edgerm join NAME` reads it:");
            console.print(&issued.token)
        }
        JoinToken::List => list(console, client).await,
        JoinToken::Revoke { id } => Ok(client.revoke_join_token(id).await?),
    }
}

async fn list(console: &Console, client: &Client) -> Result<(), Failure> {
    let tokens = client.join_tokens().all().await?;
    if let Some(done) = plain(console, &tokens, |token| token.id.clone()) {
        return done;
    }
    let now = now_ms();
    let mut table = Table::new(["JOIN TOKEN", "LABEL", "USES LEFT", "EXPIRES", "WHY"]);
    for token in &tokens {
        let expires = units::age(token.expires_at_ms.saturating_sub(now));
        let why = if token.dead {
            "too many wrong proofs"
        } else {
            ""
        };
        table.row([
            (&token.id).into(),
            token.label.clone().unwrap_or_default().into(),
            token.uses_left.to_string().into(),
            format!("in {expires}").into(),
            why.into(),
        ]);
    }
    console.print(&table.render(console))
}

/// Joins as a device does: the token stays here.
pub(super) async fn join(console: &Console, client: &Client, args: &Join) -> Result<(), Failure> {
    let token = read(&args.with)?;
    let place = Place::prepare(&args.to, &args.name)?;
    let mut nonce = [0; JOIN_NONCE];
    getrandom::fill(&mut nonce).map_err(|error| Failure::local("no entropy", error))?;
    let join = api::Join {
        token_id: hex::encode(token.id()),
        name: args.name.clone(),
        nonce: hex::encode(nonce),
        proof: hex::encode(token.proof(&nonce, &args.name)),
    };
    let joined = client.join(&join).await?;
    let credential = taken(&token, &nonce, &args.name, &joined).ok_or_else(|| {
        Failure::Unexpected(
            "what answers does not have the join token: it is not the master that issued it".into(),
        )
    })?;
    let issued = IssuedCredential {
        name: args.name.clone(),
        key_id: joined.key_id,
        credential: credential.to_text(),
    };
    place.write(console, &issued)
}

fn taken(
    token: &oscore::JoinToken,
    nonce: &[u8; JOIN_NONCE],
    name: &str,
    joined: &Joined,
) -> Option<Credential> {
    let (mut key_id, mut salt) = ([0; 4], [0; 8]);
    hex::decode_to_slice(&joined.key_id, &mut key_id).ok()?;
    hex::decode_to_slice(&joined.salt, &mut salt).ok()?;
    let proof = hex::decode(&joined.master_proof).ok()?;
    token.accept(nonce, name, key_id, salt, &proof)
}

fn read(path: &Path) -> Result<oscore::JoinToken, Failure> {
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().take(MAX_FILE).read_to_string(&mut text),
        false => {
            std::fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        }
    };
    read.map_err(|error| Failure::local("cannot read the join token", error))?;
    let token = text.trim().parse();
    token.map_err(|none| Failure::Usage(format!("the join token is {none}")))
}
