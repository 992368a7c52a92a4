//! The throw-away token of a master of this user's: a file that only they can read, which the
//! commands of theirs find by the master's address.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A token's file, removed when it is dropped.
pub(crate) struct OwnToken(PathBuf);

impl OwnToken {
    /// Writes the token of the master at `address`.
    pub(crate) fn write(address: SocketAddr, secret: &str) -> io::Result<Self> {
        let folder = folder();
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => check(&folder)?,
        }
        let path = file(&folder, address);
        // One that a master left which was killed.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        options.open(&path)?.write_all(secret.as_bytes())?;
        Ok(Self(path))
    }

    /// The token of the master at `url`, where that is one of this user's on this machine.
    pub(crate) fn find(url: &str) -> Option<String> {
        let folder = folder();
        check(&folder).ok()?;
        let mut addresses = addresses(url).into_iter();
        addresses.find_map(|address| fs::read_to_string(file(&folder, address)).ok())
    }
}

impl Drop for OwnToken {
    fn drop(&mut self) {
        // A file that is left has the token of a master that is not there any more.
        let _removed = fs::remove_file(&self.0);
    }
}

/// `$XDG_RUNTIME_DIR/edgerm`, or a folder of this user's among the temporary ones.
fn folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(runtime) if runtime.is_dir() => runtime.join("edgerm"),
        Some(_) | None => {
            let user = rustix::process::geteuid().as_raw();
            std::env::temp_dir().join(format!("edgerm-{user}"))
        }
    }
}

/// Refuses a folder that another has made, or may look into.
fn check(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let own = found.uid() == rustix::process::geteuid().as_raw();
    if found.is_dir() && own && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let what = format!("{} is not a folder of yours alone", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}

fn file(folder: &Path, address: SocketAddr) -> PathBuf {
    folder.join(format!("{}-{}.token", address.ip(), address.port()))
}

/// The addresses of this machine alone that `url` may mean.
fn addresses(url: &str) -> Vec<SocketAddr> {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let host = host.trim_end_matches('/');
    let (v4, v6): (IpAddr, IpAddr) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    match host.strip_prefix("localhost:").map(str::parse) {
        Some(Ok(port)) => [v4, v6].map(|ip| SocketAddr::new(ip, port)).into(),
        Some(Err(_)) => Vec::new(),
        None => {
            let address = host.parse::<SocketAddr>().ok();
            address
                .filter(|it| it.ip().is_loopback())
                .into_iter()
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_masters_of_this_machine_are_shown_a_token_unasked() {
        let cases = [
            ("http://127.0.0.1:8080", 1),
            ("127.0.0.1:8080/", 1),
            ("http://localhost:8080", 2),
            ("http://[::1]:8080", 1),
            ("http://192.0.2.1:8080", 0),
            ("http://localhost.example:8080", 0),
            ("http://example:8080", 0),
        ];
        for (url, count) in cases {
            assert_eq!(addresses(url).len(), count, "{url}");
        }
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        DirBuilder::new().mode(0o755).create(&open).unwrap();
        assert!(check(&open).is_err());
        let link = folder.path().join("link");
        let own = folder.path().join("own");
        DirBuilder::new().mode(0o700).create(&own).unwrap();
        assert!(check(&own).is_ok());
        std::os::unix::fs::symlink(&own, &link).unwrap();
        assert!(check(&link).is_err());
    }
}
