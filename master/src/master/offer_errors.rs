//! Why calls about offers are refused, as the API shows it.

use std::fmt;

use edgerm_protocol::api::{MAX_PAGE, Unfit};
use edgerm_protocol::resource::names;
use edgerm_protocol::{FrameworkId, ModuleId};

use crate::ledger::{AcceptFault, OfferEnd, OfferError};
use crate::refusal::Refuse;

pub use crate::ledger::AcceptError;

/// Why a request for offers is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferRequestError {
    /// There is no such framework.
    UnknownFramework(FrameworkId),
    /// `max` is out of range.
    Max(usize),
    /// `waitMs` is over this many milliseconds.
    Wait(u128),
    /// No such module was admitted.
    UnknownModule(ModuleId),
    /// Less memory than the module can run in anywhere, in bytes.
    TooLittleMemory {
        /// What is asked for.
        asked: u64,
        /// What the module needs.
        needed: u64,
    },
    /// More constraints of a kind than make sense of one agent.
    TooMany {
        /// Of which kind.
        field: &'static str,
        /// How many.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A constraint has a text that is longer than any agent's.
    TooLong {
        /// Bytes of the text.
        length: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// So many long polls wait already.
    Overloaded(usize),
}

impl fmt::Display for OfferRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFramework(framework) => write!(
                f,
                "there is no framework {framework}: register with POST /v1/frameworks"
            ),
            Self::Max(max) => write!(f, "max {max} is not within 1 to {MAX_PAGE}"),
            Self::Wait(most) => write!(f, "waitMs is over {most}: ask again after that"),
            Self::UnknownModule(module) => AcceptFault::UnknownModule(*module).fmt(f),
            Self::TooLittleMemory { asked, needed } => {
                let (asked, needed) = (*asked, *needed);
                Unfit::TooLittleMemory { asked, needed }.fmt(f)
            }
            Self::TooMany { field, count, max } => {
                write!(f, "{count} constraints in {field}, at most {max} may be")
            }
            Self::TooLong { length, max } => write!(
                f,
                "a constraint has a text of {length} bytes, no agent's has more than {max}"
            ),
            Self::Overloaded(waits) => {
                write!(f, "{waits} calls wait already: ask again in a while")
            }
        }
    }
}

impl std::error::Error for OfferRequestError {}

impl Refuse for OfferRequestError {
    fn status(&self) -> u16 {
        match self {
            Self::UnknownFramework(_) => 404,
            Self::Max(_)
            | Self::Wait(_)
            | Self::UnknownModule(_)
            | Self::TooLittleMemory { .. }
            | Self::TooMany { .. }
            | Self::TooLong { .. } => 422,
            Self::Overloaded(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownFramework(_) => "unknownFramework",
            Self::Max(_) | Self::Wait(_) => "outOfRange",
            Self::UnknownModule(_) => "unknownModule",
            Self::TooLittleMemory { .. } => "tooLittleMemory",
            Self::TooMany { .. } => "tooMany",
            Self::TooLong { .. } => "tooLong",
            Self::Overloaded(_) => "overloaded",
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::UnknownFramework(_) => "framework",
            Self::Max(_) => "max",
            Self::Wait(_) => "waitMs",
            Self::UnknownModule(_) => "constraints.module.id",
            Self::TooLittleMemory { .. } => "constraints.module.mem",
            Self::TooMany { field, .. } => field,
            Self::TooLong { .. } => "constraints",
            Self::Overloaded(_) => return None,
        };
        Some(field.to_owned())
    }
}

/// Why an offer is not declined.
pub type DeclineError = OfferError;

impl Refuse for OfferError {
    fn status(&self) -> u16 {
        match self {
            Self::Unknown(_) => 404,
            Self::NotYours(_) => 403,
            Self::Ended(_, OfferEnd::Accepted | OfferEnd::Declined) => 409,
            Self::Ended(_, OfferEnd::Expired | OfferEnd::Rescinded) => 410,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknownOffer",
            Self::NotYours(_) => "notYourOffer",
            Self::Ended(_, OfferEnd::Accepted) => "offerAccepted",
            Self::Ended(_, OfferEnd::Declined) => "offerDeclined",
            Self::Ended(_, OfferEnd::Expired) => "offerExpired",
            Self::Ended(_, OfferEnd::Rescinded) => "offerRescinded",
        }
    }
}

impl Refuse for AcceptError {
    fn status(&self) -> u16 {
        match self {
            Self::UnknownFramework(_) => 404,
            Self::TooManyTasks { .. } => 429,
            Self::Offer(error) => error.status(),
            Self::Policy(_) => 403,
            Self::Task { fault, .. } => match fault {
                AcceptFault::IdUsed(_) => 409,
                AcceptFault::Name(_)
                | AcceptFault::UnknownModule(_)
                | AcceptFault::Exceeds { .. }
                | AcceptFault::Amount { .. }
                | AcceptFault::Unfit(_)
                | AcceptFault::NoVariant(_)
                | AcceptFault::NotDone(_)
                | AcceptFault::NoTime(_)
                | AcceptFault::NeverRestarted
                | AcceptFault::Device { .. }
                | AcceptFault::Port { .. }
                | AcceptFault::Container(_)
                | AcceptFault::TooMany { .. }
                | AcceptFault::UnknownPermission { .. }
                | AcceptFault::MissingPermission(_)
                | AcceptFault::EnvKey { .. }
                | AcceptFault::TooLarge => 422,
            },
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownFramework(_) => "unknownFramework",
            Self::TooManyTasks { .. } => "tooManyTasks",
            Self::Offer(error) => error.code(),
            Self::Policy(_) => "policy",
            Self::Task { fault, .. } => match fault {
                AcceptFault::IdUsed(_) => "taskIdUsed",
                AcceptFault::Name(_) => "badName",
                AcceptFault::UnknownModule(_) => "unknownModule",
                AcceptFault::Exceeds { .. } => "exceedsOffer",
                AcceptFault::Amount { .. } => "outOfRange",
                AcceptFault::Unfit(unfit) => unfit.code(),
                AcceptFault::NoVariant(_) => "noVariant",
                AcceptFault::NotDone(duty) if duty.field == "restart" => "noRestart",
                AcceptFault::NotDone(duty) if duty.field == "container" => "noContainers",
                AcceptFault::NotDone(_) => "noSupervision",
                AcceptFault::NoTime(_) => "outOfRange",
                AcceptFault::NeverRestarted => "neverRestarted",
                AcceptFault::Device { .. } => "deviceNotOffered",
                AcceptFault::Port { .. } => "portNotOffered",
                AcceptFault::Container(fault) => fault.code(),
                AcceptFault::TooMany { .. } => "tooMany",
                AcceptFault::UnknownPermission { .. } => "unknownPermission",
                AcceptFault::MissingPermission(_) => "missingPermission",
                AcceptFault::EnvKey { .. } => "badName",
                AcceptFault::TooLarge => "launchTooLarge",
            },
        }
    }

    fn field(&self) -> Option<String> {
        let (index, fault) = match self {
            Self::UnknownFramework(_) => return Some("framework".to_owned()),
            Self::TooManyTasks { .. } | Self::Offer(_) => return None,
            Self::Policy(fault) => return fault.field(),
            Self::Task { index, fault } => (index, fault),
        };
        let below = match fault {
            AcceptFault::IdUsed(_) => ".id".to_owned(),
            AcceptFault::Name(_) => ".name".to_owned(),
            AcceptFault::UnknownModule(_) => ".module".to_owned(),
            AcceptFault::Unfit(unfit) => format!(".{}", unfit.field()),
            // A slot is what the task itself takes: no field of it says so.
            AcceptFault::Exceeds { resource, .. } if *resource == names::TASKS => String::new(),
            AcceptFault::Exceeds { resource, .. } | AcceptFault::Amount { resource, .. } => {
                format!(".resources.{resource}")
            }
            AcceptFault::NoVariant(_) => ".resources.mem".to_owned(),
            AcceptFault::NotDone(duty) => format!(".{}", duty.field),
            AcceptFault::NoTime(field) => format!(".{field}"),
            AcceptFault::NeverRestarted => ".maxRestarts".to_owned(),
            AcceptFault::Device { at, .. } => format!(".resources.devices[{at}]"),
            AcceptFault::Port { at, .. } => format!(".resources.ports[{at}]"),
            AcceptFault::Container(fault) => fault.field(),
            AcceptFault::TooMany { field, .. } => format!(".{field}"),
            AcceptFault::UnknownPermission { at, .. } => format!(".permissions[{at}]"),
            AcceptFault::MissingPermission(_) => ".permissions".to_owned(),
            AcceptFault::EnvKey { key, .. } => format!(".env.{key}"),
            AcceptFault::TooLarge => ".env".to_owned(),
        };
        Some(format!("tasks[{index}]{below}"))
    }
}
