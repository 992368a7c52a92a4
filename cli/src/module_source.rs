//! The module of `edgerm run`: a file to upload, or one that the master has.

use std::io;
use std::path::Path;

use edgerm_framework::Client;
use edgerm_framework::api::Module;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;
use crate::exit::Failure;
use crate::{resolve, units};

/// The admitted module that `name` means, uploaded where it is a file.
pub(crate) async fn obtain(
    console: &Console,
    client: &Client,
    name: &str,
) -> Result<Module, Failure> {
    match tokio::fs::read(name).await {
        Ok(wasm) => upload(console, client, name, wasm).await,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match resolve::module(client, name).await? {
                Some(module) => Ok(module),
                None => Err(Failure::Usage(format!(
                    "{name} is neither a file here nor the start of an admitted module's id; \
                     `edgerm modules` lists those"
                ))),
            }
        }
        Err(error) => Err(Failure::Usage(format!(
            "cannot read the module {name}: {error}"
        ))),
    }
}

/// What tasks of the module in this file are called unless told: at most 32 bytes.
pub(crate) fn task_name(module: &str) -> String {
    let stem = Path::new(module)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let end = stem
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| *end <= 32);
    let name = &stem[..end.last().unwrap_or(0)];
    if name.is_empty() {
        "task".into()
    } else {
        name.into()
    }
}

async fn upload(
    console: &Console,
    client: &Client,
    name: &str,
    wasm: Vec<u8>,
) -> Result<Module, Failure> {
    let bar = bar(console, wasm.len() as u64);
    bar.set_message(format!("uploading {name}"));
    let sent = bar.clone();
    let uploaded = client.upload_module_with_progress(wasm, move |bytes| sent.set_position(bytes));
    let uploaded = uploaded.await;
    bar.finish_and_clear();
    let module = uploaded?;
    let id = module.id.to_string();
    let permissions = match module.permissions.as_slice() {
        [] => "no permissions".to_owned(),
        needed => format!("the permissions {}", needed.join(", ")),
    };
    let smaller = match module.memory_needed {
        needed if needed < module.memory => {
            format!(" or, where need be, {}", units::bytes(needed))
        }
        _ => String::new(),
    };
    console.note(&format!(
        "module {} admitted: {}, starts with {} of memory{smaller}, needs {permissions}",
        id.get(..resolve::SHORT).unwrap_or(&id),
        units::bytes(module.size),
        units::bytes(module.memory),
    ));
    Ok(module)
}

fn bar(console: &Console, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if console.is_quiet() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} {binary_bytes}/{binary_total_bytes}");
    // A template that does not parse would be seen in any test that uploads.
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_called_as_its_file() {
        let cases = [
            ("wasm/moving-average.wasm", "moving-average"),
            ("hello", "hello"),
            ("..", "task"),
            (
                "grün-and-a-very-long-name-without-end.wasm",
                "grün-and-a-very-long-name-witho",
            ),
        ];
        for (module, expected) in cases {
            assert_eq!(task_name(module), expected);
        }
    }
}
