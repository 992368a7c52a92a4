//! `edgerm`, run on the master of the namespace.

use std::process::{Output, Stdio};

use serde_json::Value;

use super::child::owned;
use super::cluster::URL;
use super::programs::Program;

/// Runs it with these arguments to its end.
///
/// # Panics
///
/// Where it does not start.
#[must_use]
pub fn run(arguments: &[&str]) -> Output {
    owned(Program::Command.path())
        .args(arguments)
        .args(["--master", URL])
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("edgerm starts")
}

/// What it says to these arguments.
///
/// # Panics
///
/// Where it fails.
#[must_use]
pub fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("a text")
}

/// The same as JSON: the members of a list.
///
/// # Panics
///
/// Where it fails, or gives none.
#[must_use]
pub fn list(arguments: &[&str]) -> Vec<Value> {
    let said = text(&[arguments, &["--output", "json"]].concat());
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let items = said.get("items").and_then(Value::as_array);
    items.expect("a list").clone()
}
