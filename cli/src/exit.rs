//! How a command ends: what is told, what to do next, and the exit code.

use std::io;
use std::process::ExitCode;

use edgerm_framework::{Error, api::Task};

/// Exit codes, as `edgerm --help` tells them.
pub(crate) const CODES: &str = "\
Exit codes:
  0    done
  1    a task ended otherwise than COMPLETED, or something on this machine failed
  2    the command line is wrong
  3    the master cannot be reached, or what answers is none
  4    the master refused
  5    nothing matched, or time ran out
  130  interrupted";

/// Whatever went wrong on this machine.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A call of the master's has no answer, or none that was hoped for.
    #[error(transparent)]
    Call(#[from] Error),
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// Nothing is what was asked for.
    #[error("{what}")]
    NothingMatched {
        /// What was looked for.
        what: String,
        /// What to do next.
        next: String,
    },
    /// Time ran out.
    #[error("{what}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// What to do next.
        next: String,
    },
    /// Tasks ended, but not well.
    #[error("{}", told(.0))]
    TasksFailed(Vec<Task>),
    /// Something on this machine failed.
    #[error("{what}: {source}")]
    Local {
        /// What was tried, on what.
        what: String,
        /// What went wrong.
        source: BoxError,
    },
    /// The master of `up` does not start.
    #[error("cannot start the master: {0}")]
    MasterStart(edgerm_master::StartError),
    /// What was done did not turn out as it must.
    #[error("{0}")]
    Unexpected(String),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Whoever read the output has enough.
    #[error("the output was closed")]
    PipeClosed,
}

impl Failure {
    /// Something on this machine failed.
    pub(crate) fn local(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Local {
            what: what.into(),
            source: source.into(),
        }
    }

    /// What scripts see.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Call(error) => code_of(error),
            Self::Usage(_) => 2,
            Self::NothingMatched { .. } | Self::TimedOut { .. } => 5,
            Self::TasksFailed(_)
            | Self::Local { .. }
            | Self::MasterStart(_)
            | Self::Unexpected(_) => 1,
            Self::Interrupted => 130,
            Self::PipeClosed => 0,
        })
    }

    /// What to do next, where the message does not say so.
    pub(crate) fn next(&self) -> Option<String> {
        match self {
            Self::Call(error @ Error::Unreachable { .. })
                if error.to_string().contains("certificate") =>
            {
                Some(
                    "name the authority that signed it with --ca FILE; one that signed itself is \
                     to say CA:FALSE (basicConstraints)"
                        .into(),
                )
            }
            Self::Call(
                Error::Unreachable { .. } | Error::Silent { .. } | Error::Protocol { .. },
            ) => Some(
                "is `edgerm up` running? Use --master URL or EDGERM_MASTER to reach another".into(),
            ),
            Self::Call(error) if error.is_ambiguous() => {
                Some("`edgerm ps` shows what was done".into())
            }
            Self::NothingMatched { next, .. } | Self::TimedOut { next, .. } => Some(next.clone()),
            Self::TasksFailed(tasks) => tasks
                .first()
                .map(|task| format!("`edgerm logs {}` shows what it told before", task.id)),
            Self::MasterStart(_) => Some(
                "is another `edgerm up` running? Choose other addresses with --http and --coap"
                    .into(),
            ),
            Self::Call(_)
            | Self::Usage(_)
            | Self::Local { .. }
            | Self::Unexpected(_)
            | Self::Interrupted
            | Self::PipeClosed => None,
        }
    }
}

impl From<io::Error> for Failure {
    /// Of an error of standard output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::local("cannot write to standard output", error)
        }
    }
}

fn code_of(error: &Error) -> u8 {
    match error {
        Error::Address { .. } | Error::Token | Error::Authorities(_) => 2,
        Error::Unreachable { .. }
        | Error::Broken { .. }
        | Error::Silent { .. }
        | Error::Protocol { .. } => 3,
        Error::Refused { .. } => 4,
        // What a later SDK adds failed here, as far as this program knows.
        Error::Entropy(_) | _ => 1,
    }
}

fn told(tasks: &[Task]) -> String {
    let told: Vec<String> = tasks
        .iter()
        .map(|task| {
            let why = task.detail.as_deref().map(|detail| format!(": {detail}"));
            let exit = task.exit_code.map(|code| format!(" with exit code {code}"));
            format!(
                "task {} ({} on {}) ended {}{}{}",
                task.id,
                task.name,
                task.agent_name,
                task.state,
                exit.unwrap_or_default(),
                why.unwrap_or_default()
            )
        })
        .collect();
    told.join("\n       ")
}
