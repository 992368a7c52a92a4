//! `edgerm backup` and `edgerm restore`.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use edgerm_framework::Client;
use edgerm_framework::api::Restored;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::enroll::now_ms;
use crate::args::{Backup, Restore};
use crate::console::Console;
use crate::credential;
use crate::exit::Failure;
use crate::units;

/// What was written, for programs.
#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
    bytes: u64,
}

pub(super) async fn backup(
    console: &Console,
    client: &Client,
    args: &Backup,
) -> Result<(), Failure> {
    let (mut file, path) = credential::begin(args.file.clone(), args.force)?;
    let mut backup = client.backup().await?;
    let mut bytes = 0;
    while let Some(piece) = backup.next().await? {
        file.write_all(&piece)
            .map_err(|error| unwritten(&path, error))?;
        bytes += piece.len() as u64;
    }
    place(file, &path, args.force).map_err(|error| unwritten(&path, error))?;
    if console.is_json() {
        return console.print_json(&Written { file: &path, bytes });
    }
    console.note("whoever has this file can be each of the agents: keep it secret");
    console.print(&path.display().to_string())
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    Failure::local(format!("cannot write {}", path.display()), error)
}

/// Puts a file that is whole where it belongs, to be there after a loss of power.
fn place(file: NamedTempFile, path: &PathBuf, force: bool) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    let placed = match force {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    };
    placed.map_err(|error| error.error)?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) async fn restore(
    console: &Console,
    client: &Client,
    args: &Restore,
) -> Result<(), Failure> {
    let unread = |error| Failure::local(format!("cannot read {}", args.file.display()), error);
    let file = tokio::fs::File::open(&args.file).await.map_err(unread)?;
    let length = file.metadata().await.map_err(unread)?.len();
    if !args.yes {
        confirm(client, &args.file)?;
    }
    let restored = client.restore(file, length).await?;
    if console.is_json() {
        return console.print_json(&restored);
    }
    if let Some(name) = &restored.kept_token {
        console.note(&format!(
            "the backup does not know your token, which was kept as {name}; once you have another, \
             `edgerm tokens revoke {name}`"
        ));
    }
    if restored.token_needed {
        console.note("from now on show a token of the backup, with --token or EDGERM_TOKEN");
    }
    console.print(&told(&restored))
}

/// Asks whether all that the master keeps is to be replaced.
fn confirm(client: &Client, file: &Path) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        let what = "nobody is there to ask: say --yes to replace all that the master keeps";
        return Err(Failure::Usage(what.to_owned()));
    }
    eprint!(
        "Replace all that the master at {} keeps with {}? What came after that backup is lost. \
         Write yes: ",
        client.url(),
        file.display()
    );
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| Failure::local("cannot read the answer", error))?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(Failure::Interrupted),
    }
}

fn told(restored: &Restored) -> String {
    let ago = units::age(now_ms().saturating_sub(restored.made_at_ms));
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "restored as of {ago} ago: {}, {}, {}, {}, {}, {}, {}",
        count(restored.agents, "agent"),
        count(restored.frameworks, "framework"),
        count(restored.tasks, "task"),
        count(restored.modules, "module"),
        count(restored.tokens, "token"),
        count(restored.enrolled, "enrolled agent"),
        count(restored.join_tokens, "join token"),
    )
}
