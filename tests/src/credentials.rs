//! Credentials without a call of the API: in the file of a master that has not started, and as an
//! agent on Linux reads its own.
#![expect(clippy::expect_used, reason = "what goes wrong here fails a test")]

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use edgerm_coap::oscore::Credential;
use edgerm_master::Store;
use edgerm_master::access::Enrolled;
use edgerm_protocol::Instant;

/// Puts these agents into the store at `path`.
///
/// # Panics
///
/// Where it cannot be written.
pub fn enroll(path: &Path, agents: impl IntoIterator<Item = (String, Credential)>) {
    let store = Store::open(path).expect("a store");
    for (name, credential) in agents {
        let enrolled = Enrolled {
            name: name.into(),
            credential,
            enrolled: Instant::from_millis(0),
            rotated: None,
        };
        store.put_enrolled(&enrolled).expect("room in the store");
    }
}

/// Writes what `edgerm enroll` writes for an agent on Linux.
///
/// # Panics
///
/// Where it cannot be written.
pub fn write(path: &Path, name: &str, credential: &Credential) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).expect("a file");
    let credential = credential.to_text();
    let text = format!("name = {name:?}\ncredential = {credential:?}\n");
    file.write_all(text.as_bytes()).expect("room on the disk");
}
