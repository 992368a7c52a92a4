//! The file with what an agent proves itself with, as `edgerm enroll` writes it: its name and its
//! credential, in TOML, readable by its owner alone.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use edgerm_coap::oscore::{Credential, CredentialError};
use serde::Deserialize;

use super::ConfigError;

/// Bytes of such a file at most.
const MAX_FILE: u64 = 4096;

/// Permissions of anybody but the owner.
const OTHERS: u32 = 0o077;

/// Names the folder of what a unit has by `LoadCredential=`, which its service alone may enter.
/// Files in it may have a mode of 0440, with an access list for that service (systemd.exec(5)).
const GUARDED: &str = "CREDENTIALS_DIRECTORY";

/// Why a file has no credential that may be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialProblem {
    /// It cannot be read.
    #[error("{0}; make one with `edgerm enroll`")]
    Read(#[from] io::Error),
    /// Others than its owner may read or write it.
    #[error(
        "it has the mode {mode:03o}, so its secret may be known to others: chmod 600, or better enroll the agent anew"
    )]
    Mode {
        /// Its permissions.
        mode: u32,
    },
    /// It is not what `edgerm enroll` writes.
    #[error("it is not what `edgerm enroll` writes: {0}")]
    Syntax(String),
    /// The credential in it is none.
    #[error("the credential in it is {0}")]
    Credential(#[from] CredentialError),
    /// It is of an agent of another name, which the master would refuse.
    #[error("it is of the agent {0:?}: leave out the name, or enroll this one")]
    Name(String),
}

/// What the file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    name: String,
    credential: String,
}

/// The name and the credential in a file.
pub(super) fn read(path: &Path) -> Result<(String, Credential), CredentialProblem> {
    let file = File::open(path)?;
    let mode = file.metadata()?.mode() & 0o777;
    if mode & OTHERS != 0 && !is_guarded(path, std::env::var_os(GUARDED).as_deref()) {
        return Err(CredentialProblem::Mode { mode });
    }
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text)?;
    // What the parser quotes of the file may be the secret.
    let said: Said = toml::from_str(&text)
        .map_err(|error| CredentialProblem::Syntax(error.message().to_owned()))?;
    Ok((said.name, said.credential.parse()?))
}

/// Whether a file is in the folder that systemd guards, whatever its mode is.
fn is_guarded(path: &Path, folder: Option<&OsStr>) -> bool {
    folder.is_some_and(|folder| path.parent() == Some(Path::new(folder)))
}

/// The name in a file, where it can be read; whoever needs the rest is told why not.
pub(super) fn name(path: &Path) -> Option<String> {
    let readable = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    readable
        .then(|| read(path).ok())
        .flatten()
        .map(|(name, _)| name)
}

/// The credential in a file, for the agent of this name.
pub(super) fn of(path: &Path, agent: &str) -> Result<Credential, ConfigError> {
    let credential = read(path).and_then(|(name, credential)| {
        if name == agent {
            Ok(credential)
        } else {
            Err(CredentialProblem::Name(name))
        }
    });
    credential.map_err(|cause| ConfigError::Credential {
        path: path.to_owned(),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_guards_the_files_of_its_own_folder_alone() {
        let folder = Some(OsStr::new("/run/credentials/edgerm-agent.service"));
        for (path, folder, guarded) in [
            (
                "/run/credentials/edgerm-agent.service/agent.toml",
                folder,
                true,
            ),
            (
                "/run/credentials/edgerm-agent.service/../a.toml",
                folder,
                false,
            ),
            ("/run/credentials/agent.toml", folder, false),
            ("/agent.toml", Some(OsStr::new("")), false),
            ("/etc/edgerm/agent.toml", None, false),
        ] {
            assert_eq!(is_guarded(Path::new(path), folder), guarded, "{path}");
        }
    }
}
