//! The network that the cases have to themselves.
//!
//! The test's program executes itself again in namespaces of its own: of users, where it may
//! then set up a network without being root, and of networks. There the loopback is up, and a
//! TAP that `native_sim` looks for by name.

use std::env;
use std::fmt;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The variable that tells the program that it is inside.
const INSIDE: &str = "EDGERM_TESTS_NAMESPACE";

/// What `unshare` is asked for: as anybody, else as root where users may have no namespaces.
const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];

/// The TAP's name, as Zephyr's driver has it.
const TAP: &str = "zeth";

/// Where the master is seen through the TAP: Zephyr's own samples have the host there.
const TAP_ADDRESS: &str = "192.0.2.1/24";

/// Whether this process has its network already.
#[must_use]
pub fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// No namespace can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNamespace;

impl fmt::Display for NoNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no network namespace with a TAP can be had: needs /dev/net/tun, and `unshare \
             --user --map-root-user --net` or root",
        )
    }
}

impl std::error::Error for NoNamespace {}

/// How `unshare` is to be asked.
///
/// # Errors
///
/// [`NoNamespace`] where it fails however it is asked.
pub fn probe() -> Result<&'static [&'static str], NoNamespace> {
    if is_inside() {
        return Ok(&[]);
    }
    let works = |way: &&[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(*way).args(["ip", "tuntap", "add"]);
        unshare.args(["dev", TAP, "mode", "tap"]);
        unshare.output().is_ok_and(|output| output.status.success())
    };
    WAYS.into_iter().find(works).ok_or(NoNamespace)
}

/// Becomes this program again, inside. Returns only where that fails.
pub fn enter() -> std::io::Error {
    let way = match probe() {
        Ok(way) => way,
        Err(none) => return std::io::Error::other(none.to_string()),
    };
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    Command::new("unshare")
        .args(way)
        .arg(program)
        .args(env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec()
}

/// Brings up the loopback and the TAP.
///
/// # Panics
///
/// Where the kernel refuses.
pub fn set_up() {
    let ip = |arguments: &[&str]| {
        let output = Command::new("ip").args(arguments).output().expect("ip");
        assert!(output.status.success(), "ip {arguments:?}: {output:?}");
    };
    ip(&["link", "set", "lo", "up"]);
    ip(&["tuntap", "add", "dev", TAP, "mode", "tap"]);
    ip(&["address", "add", TAP_ADDRESS, "dev", TAP]);
    ip(&["link", "set", TAP, "up"]);
}
