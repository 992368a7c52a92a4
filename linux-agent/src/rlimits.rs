//! What the kernel holds the agent's process to: getrlimit(2).
//!
//! | limit | is set to | because |
//! |---|---|---|
//! | `RLIMIT_CORE` | [`MAX_CORE`] | the agent's credential, and what tasks know, are in its memory |
//! | `RLIMIT_NOFILE` | [`MAX_FILES`], or as many as may be | each container is heard over several connections |
//!
//! Memory has no limit here. `RLIMIT_AS` counts what is reserved and not what is used, which is 66 MiB
//! for the thread of each task; and whoever meets it, or `RLIMIT_DATA`, in the midst of something else
//! than the growth of a task's memory ends the agent with all its tasks. Each task is held to its own
//! memory, and a control group holds the agent by what it really has: `MemoryMax=` of its unit, of
//! which the agent then offers a part (`docs/deploying.md`).

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the agent has open at most. Beyond these something is wrong with it.
pub const MAX_FILES: u64 = 4_096;

/// Bytes of a core file. A file needs more, so there is none; and a program that the machine's
/// `core_pattern` names is given nothing at this limit alone, while it is at 0 (core(5), and
/// `fs/coredump.c` of Linux).
pub const MAX_CORE: u64 = 1;

/// Files that it needs: four connections to the engine for each of 16 containers, and its own.
pub const MIN_FILES: u64 = 128;

/// A limit that the kernel did not take.
#[derive(Debug, thiserror::Error)]
#[error("the limit of {what} cannot be set: {cause}")]
pub struct NotSet {
    what: &'static str,
    cause: io::Error,
}

/// Sets the limits of this process. Gives those that could not be.
pub fn set() -> Vec<NotSet> {
    let set = |what, resource, limit| {
        let cause = setrlimit(resource, limit).err()?.into();
        Some(NotSet { what, cause })
    };
    let files = more_files(getrlimit(Resource::Nofile));
    let core = set(
        "core files",
        Resource::Core,
        no_core(getrlimit(Resource::Core)),
    );
    let files = files.and_then(|files| set("open files", Resource::Nofile, files));
    [core, files].into_iter().flatten().collect()
}

/// What is wrong with the limits that hold now; `None`: nothing.
pub(crate) fn problem() -> Option<String> {
    let files = getrlimit(Resource::Nofile).current?;
    (files < MIN_FILES).then(|| {
        format!(
            "the agent may have {files} files open and needs {MIN_FILES}: raise its limit \
             (LimitNOFILE= of its unit, or ulimit -n)"
        )
    })
}

/// The limit of core files that is to be. One that is lower already stays: it may not be raised.
fn no_core(now: Rlimit) -> Rlimit {
    let most = Some(now.maximum.map_or(MAX_CORE, |most| most.min(MAX_CORE)));
    Rlimit {
        current: most,
        maximum: most,
    }
}

/// The limit of open files that is to be; `None`: it is as high already.
fn more_files(now: Rlimit) -> Option<Rlimit> {
    let wanted = now.maximum.map_or(MAX_FILES, |most| most.min(MAX_FILES));
    let is_less = now.current.is_some_and(|current| current < wanted);
    is_less.then_some(Rlimit {
        current: Some(wanted),
        ..now
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_file_has_a_byte_at_most_and_none_where_none_may_be() {
        for (maximum, core) in [(None, 1), (Some(1 << 20), 1), (Some(1), 1), (Some(0), 0)] {
            let now = Rlimit {
                current: Some(0),
                maximum,
            };
            let expected = Rlimit {
                current: Some(core),
                maximum: Some(core),
            };
            assert_eq!(no_core(now), expected, "{now:?}");
        }
    }

    #[test]
    fn files_are_raised_as_far_as_may_be_and_never_lowered() {
        for (current, maximum, raised) in [
            (Some(1_024), Some(524_288), Some(4_096)),
            (Some(1_024), None, Some(4_096)),
            (Some(64), Some(100), Some(100)),
            (Some(100), Some(100), None),
            (Some(4_096), Some(4_096), None),
            (Some(1 << 20), Some(1 << 20), None),
            (None, None, None),
        ] {
            let now = Rlimit { current, maximum };
            let expected = raised.map(|raised| Rlimit {
                current: Some(raised),
                maximum,
            });
            assert_eq!(more_files(now), expected, "{now:?}");
        }
    }
}
