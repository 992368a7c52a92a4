//! Whether the aiocoap on this machine has OSCORE: Debian's has not, and one that was installed
//! without its extras has not either.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names a context that is not there: to read it, aiocoap must know what a context is.
const CREDENTIALS: &str = r#"{"coap://localhost/*": {"oscore": {"basedir": "/nowhere"}}}"#;

/// What Python says where a module of an extra is not there.
const MISSING: &str = "ModuleNotFoundError: ";

/// Why aiocoap cannot be used for OSCORE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoOscore {
    client: PathBuf,
    reason: String,
}

impl fmt::Display for NoOscore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} has no OSCORE ({}): pip install 'aiocoap[oscore]' into a venv, and put its bin first \
             on PATH",
            self.client.display(),
            self.reason
        )
    }
}

impl Error for NoOscore {}

/// Has aiocoap's client read a credential of OSCORE; it comes to no network.
///
/// # Errors
///
/// [`NoOscore`], where it has not what that takes.
pub fn probe(client: &Path) -> Result<(), NoOscore> {
    let none = |reason: String| NoOscore {
        client: client.to_owned(),
        reason,
    };
    let said = said(client).map_err(|error| none(error.to_string()))?;
    missing(&said).map_or(Ok(()), |module| Err(none(module.to_owned())))
}

/// The module that is not there, by what Python says.
fn missing(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.strip_prefix(MISSING))
}

fn said(client: &Path) -> io::Result<String> {
    let folder = tempfile::tempdir()?;
    let credentials = folder.path().join("credentials.json");
    fs::write(&credentials, CREDENTIALS)?;
    let output = Command::new(client)
        .arg("--credentials")
        .arg(credentials)
        .arg("coap://localhost/")
        .stdin(Stdio::null())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_lacks_is_told() {
        let lacking = "Traceback (most recent call last):\n  File \"x.py\", line 18, in <module>\n    \
                       from cryptography import x\n\
                       ModuleNotFoundError: No module named 'cryptography'\n";
        assert_eq!(missing(lacking), Some("No module named 'cryptography'"));
        assert_eq!(missing("AttributeError: no context\n"), None);
    }

    #[test]
    fn what_does_not_run_has_no_oscore() {
        let none = probe(Path::new("/nowhere/aiocoap-client")).unwrap_err();
        let told = none.to_string();
        assert!(
            told.starts_with("/nowhere/aiocoap-client has no OSCORE ("),
            "{told}"
        );
    }
}
