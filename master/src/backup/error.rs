//! Why there is no backup, and why one is not restored.

use std::io;

use edgerm_protocol::ModuleId;

use crate::access::TokenError;
use crate::ledger;
use crate::refusal::Refuse;
use crate::store::StoreError;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// Nothing lasts here.
    #[error("this master keeps nothing that lasts: start it with --store FILE")]
    NoStore,
    /// A file beside the master's cannot be written.
    #[error("cannot write a file beside the master's, where the backup is put together: {0}")]
    Io(#[source] io::Error),
    /// The master's file fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A module is lost.
    #[error("the module {id} cannot be read: {error}; upload it again, so that it is whole")]
    Module {
        /// Which.
        id: ModuleId,
        /// Why not.
        error: io::Error,
    },
}

impl Refuse for BackupError {
    fn status(&self) -> u16 {
        match self {
            Self::NoStore => 409,
            Self::Io(_) | Self::Store(_) => 503,
            Self::Module { .. } => 500,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoStore => "noStore",
            Self::Io(_) | Self::Store(_) => "storeFailing",
            Self::Module { .. } => "moduleLost",
        }
    }
}

/// Why a backup is not restored. Nothing has changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// Nothing would last here.
    #[error("this master keeps nothing that lasts: start it with --store FILE, and restore then")]
    NoStore,
    /// It is something else.
    #[error("this is no backup of a master: give a file that `edgerm backup` wrote")]
    NoBackup,
    /// A newer program made it.
    #[error("this backup is of form {0}, which a newer EdgeRM writes: restore it with that")]
    NewerForm(u32),
    /// A newer master's tables are in it.
    #[error("this backup is of version {0}, which a newer master writes: restore it with that")]
    NewerVersion(u32),
    /// The end is missing.
    #[error("this backup ends after {got} of {length} bytes: its end is lost")]
    Incomplete {
        /// Bytes that came.
        got: u64,
        /// Bytes that should have.
        length: u64,
    },
    /// Something of it is not what it was.
    #[error("this backup is damaged: {0}; take another")]
    Damaged(Damage),
    /// It is larger than this master takes.
    #[error("this backup is longer than {0} bytes: start the master with a higher --limit backup")]
    TooLarge(u64),
    /// The caller went away, or is too slow.
    #[error("the backup broke off on its way here: {0}")]
    BrokeOff(String),
    /// Nobody could operate the master afterwards.
    #[error(
        "no token in this backup is an operator's, and this master is reached from beyond \
         loopback: restore it into one on loopback"
    )]
    NoOperator,
    /// A token that the master was started with is in it too.
    #[error("the token {name:?} that this master was started with: {error}")]
    Token {
        /// What it is called.
        name: String,
        /// Why not.
        error: TokenError,
    },
    /// The disk fails.
    #[error("the master's disk fails, and nothing was restored: {0}")]
    Disk(String),
    /// The system gives no entropy.
    #[error("the system gives no entropy: {0}")]
    Entropy(io::Error),
}

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    /// Other bytes than were written.
    #[error("its bytes have another digest than its first line says")]
    Digest,
    /// There are more bytes than there should be.
    #[error("it goes on after its end")]
    TooLong,
    /// A table or a row of tokens or agents.
    #[error(transparent)]
    Store(StoreError),
    /// It does not say when it was made.
    #[error("it does not say when it was made")]
    Undated,
    /// Rows of the ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::RestoreError),
    /// A module.
    #[error("it has not the bytes of the module {0}")]
    Module(ModuleId),
}

impl From<Damage> for RestoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl RestoreError {
    /// Of what the backup's own tables are.
    pub(super) fn of_tables(error: StoreError) -> Self {
        match error {
            StoreError::Newer { version, .. } => Self::NewerVersion(version),
            StoreError::Open { .. }
            | StoreError::Read(_)
            | StoreError::Write(_)
            | StoreError::Key { .. }
            | StoreError::Role { .. }
            | StoreError::Policy { .. }
            | StoreError::Credential { .. } => Self::Damaged(Damage::Store(error)),
        }
    }
}

impl Refuse for RestoreError {
    fn status(&self) -> u16 {
        match self {
            Self::NoStore | Self::NoOperator | Self::Token { .. } => 409,
            Self::NoBackup
            | Self::NewerForm(_)
            | Self::NewerVersion(_)
            | Self::Incomplete { .. }
            | Self::Damaged(_) => 422,
            Self::TooLarge(_) => 413,
            Self::BrokeOff(_) => 400,
            Self::Disk(_) | Self::Entropy(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoStore => "noStore",
            Self::NoBackup => "notABackup",
            Self::NewerForm(_) | Self::NewerVersion(_) => "backupNewer",
            Self::Incomplete { .. } => "backupIncomplete",
            Self::Damaged(_) => "backupDamaged",
            Self::TooLarge(_) => "bodyTooLarge",
            Self::BrokeOff(_) => "brokenBody",
            Self::NoOperator => "noOperator",
            Self::Token { .. } => "nameUsed",
            Self::Disk(_) => "storeFailing",
            Self::Entropy(_) => "noEntropy",
        }
    }
}
