//! Our endpoint with OSCORE against aiocoap's: as its server, and as its client.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

mod client;
mod rekey;
mod server;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant as Clock;

use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying, PartialIv};
use edgerm_protocol::Instant;
use edgerm_tests::require::{Case, Component, run};
use serde_json::json;
use tempfile::TempDir;

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::Aiocoap,
        body,
    };
    run(&[
        case("aiocoap_posts_and_is_answered_with_oscore", client::posts),
        case(
            "aiocoap_fetches_a_body_in_blocks_with_oscore",
            client::fetches,
        ),
        case(
            "aiocoap_shows_the_diagnostic_within_oscore",
            client::shows_diagnostic,
        ),
        case(
            "aiocoap_without_the_keys_is_not_heard",
            client::is_not_heard,
        ),
        case(
            "aiocoap_takes_a_response_with_a_partial_iv_of_its_own",
            client::takes_own_partial_iv,
        ),
        case(
            "aiocoap_serves_a_body_block_by_block_with_oscore",
            server::serves,
        ),
        case("aiocoap_stores_what_is_put_with_oscore", server::stores),
        case(
            "aiocoap_that_has_lost_its_window_is_told_its_echo",
            server::echoes,
        ),
        case(
            "contexts_of_aiocoap_get_fresh_keys_of_our_master",
            rekey::our_master,
        ),
        case(
            "our_node_gets_fresh_keys_of_contexts_of_aiocoap",
            rekey::our_node,
        ),
    ])
}

const SECRET: &[u8; 16] = b"sixteen bytes, .";
const SALT: &[u8; 8] = b"the salt";
const OURS: &[u8] = &[0x0a, 0x0b];
const THEIRS: &[u8] = &[0x01];
const ID_CONTEXT: &[u8] = b"one run";

/// Our end of the context. Its Partial IVs begin where they are about to take a second byte.
fn context(id_context: Option<&[u8]>) -> Context {
    let keying = Keying {
        secret: SECRET,
        salt: SALT,
        sender: KeyId::new(OURS).unwrap(),
        recipient: KeyId::new(THEIRS).unwrap(),
    };
    let id_context = id_context.map(|bytes| IdContext::new(bytes).unwrap());
    Context::derive(&keying, id_context)
        .unwrap()
        .starting_at(PartialIv::new(250).unwrap())
}

/// aiocoap's end of the context, for peers of this name, in files that it wants.
fn credentials(peer: &str, id_context: Option<&[u8]>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let context = directory.path().join("context");
    fs::create_dir(&context).unwrap();
    let mut settings = json!({
        "algorithm": "AES-CCM-16-64-128",
        "kdf-hashfun": "sha256",
        "secret_hex": hex(SECRET),
        "salt_hex": hex(SALT),
        "sender-id_hex": hex(THEIRS),
        "recipient-id_hex": hex(OURS),
    });
    if let Some(bytes) = id_context {
        settings["id-context_hex"] = hex(bytes).into();
    }
    fs::write(context.join("settings.json"), settings.to_string()).unwrap();
    let credentials = json!({ peer: { "oscore": { "basedir": context } } });
    let file = directory.path().join("credentials.json");
    fs::write(file, credentials.to_string()).unwrap();
    directory
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 1,000 bytes of text, each block of 64 unlike the others.
fn body() -> Vec<u8> {
    (0..250)
        .flat_map(|number| format!("{number:03},").into_bytes())
        .collect()
}

fn instant(start: Clock) -> Instant {
    Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap())
}
