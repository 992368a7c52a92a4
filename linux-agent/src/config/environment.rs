//! The environment of a process, and where it says to keep what lasts.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Tells a variable by its name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// An empty variable is one that is not set.
pub(super) fn nonempty(env: Environment<'_>, variable: &str) -> Option<OsString> {
    env(variable).filter(|value| !value.is_empty())
}

/// Where a default agent of this name keeps what lasts: where systemd tells a service to, else
/// where the XDG base directory specification tells a user's program to, else where the
/// filesystem hierarchy standard has the state of programs.
pub(super) fn default_data_dir(env: Environment<'_>, name: &str) -> PathBuf {
    let absolute = |variable| {
        let path = PathBuf::from(nonempty(env, variable)?);
        path.is_absolute().then_some(path)
    };
    if let Some(directories) = nonempty(env, "STATE_DIRECTORY") {
        // Several stand with colons between, as systemd.exec(5) says.
        if let Some(first) = env::split_paths(&directories).next() {
            return first;
        }
    }
    let home = || Some(absolute("HOME")?.join(".local/state"));
    absolute("XDG_STATE_HOME")
        .or_else(home)
        .unwrap_or_else(|| "/var/lib".into())
        .join("edgerm-agent")
        .join(folder_name(name))
}

/// `name` as one folder: neither `..` nor `a/b` lead elsewhere.
fn folder_name(name: &str) -> String {
    let plain = |character: char| match character {
        '/' | '\0' => '-',
        other => other,
    };
    match name {
        "" | "." | ".." => "agent".into(),
        _ => name.chars().map(plain).collect(),
    }
}
