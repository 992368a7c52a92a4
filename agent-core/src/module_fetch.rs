//! One module on its way from the master, block by block, into the driver's storage.
//!
//! ```text
//!  Idle ── begin ──> Wanting ── request ──> Asked ── block ──> Storing ── stored, more ──> Wanting
//!                       ▲                     │                   │
//!                       └────── no answer ────┘                   └── stored, all ──> Idle: check
//! ```
//!
//! One module at a time: its tasks start as early as they can, and a small node has one
//! buffer.

use edgerm_coap::{
    Block2Fetch, BlockOption, BlockSize, FetchError, FetchedBlock, ReceivedResponse,
};
use edgerm_protocol::ModuleId;

/// The fetch of one module, or none.
#[derive(Debug)]
pub(crate) enum ModuleFetch {
    /// Nothing to fetch.
    Idle,
    /// The next block is to be asked for.
    Wanting(ModuleId, Block2Fetch),
    /// The next block was asked for.
    Asked(ModuleId, Block2Fetch),
    /// A block is at the storage.
    Storing(ModuleId, Block2Fetch),
}

/// What a stored block leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// There are more.
    More,
    /// It was the last.
    All,
}

impl ModuleFetch {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }

    /// Whether this module is being fetched.
    pub(crate) fn is_of(&self, module: ModuleId) -> bool {
        match self {
            Self::Idle => false,
            Self::Wanting(own, _) | Self::Asked(own, _) | Self::Storing(own, _) => *own == module,
        }
    }

    /// Begins to fetch a module of `size` bytes, of which the first `have` are stored.
    pub(crate) fn begin(
        &mut self,
        module: ModuleId,
        size: u32,
        block: BlockSize,
        have: u32,
    ) -> Result<(), FetchError> {
        *self = Self::Wanting(module, Block2Fetch::new(size, block, have)?);
        Ok(())
    }

    /// The module and the block to ask for, where one is wanted.
    pub(crate) fn wanted(&self) -> Option<(ModuleId, BlockOption)> {
        match self {
            Self::Wanting(module, fetch) => Some((*module, fetch.next_block()?)),
            Self::Idle | Self::Asked(..) | Self::Storing(..) => None,
        }
    }

    pub(crate) fn on_asked(&mut self) {
        if let Self::Wanting(module, fetch) = self {
            *self = Self::Asked(*module, *fetch);
        }
    }

    /// No answer came, or none that says anything of the block: it is wanted again.
    pub(crate) fn on_unanswered(&mut self) {
        if let Self::Asked(module, fetch) = self {
            *self = Self::Wanting(*module, *fetch);
        }
    }

    /// The answer came. Gives the block to store, or what is wrong with the answer.
    pub(crate) fn on_answer<'a>(
        &mut self,
        response: &'a ReceivedResponse,
    ) -> Option<Result<(ModuleId, FetchedBlock<'a>), (ModuleId, FetchError)>> {
        let Self::Asked(module, mut fetch) = *self else {
            return None;
        };
        Some(match fetch.accept(response) {
            Ok(block) => {
                *self = Self::Storing(module, fetch);
                Ok((module, block))
            }
            Err(error) => {
                *self = Self::Idle;
                Err((module, error))
            }
        })
    }

    /// The storage has the block of this module.
    pub(crate) fn on_stored(&mut self, module: ModuleId) -> Option<Stored> {
        match self {
            Self::Storing(own, fetch) if *own == module => {
                if fetch.is_done() {
                    *self = Self::Idle;
                    Some(Stored::All)
                } else {
                    *self = Self::Wanting(module, *fetch);
                    Some(Stored::More)
                }
            }
            Self::Idle | Self::Wanting(..) | Self::Asked(..) | Self::Storing(..) => None,
        }
    }

    /// Nobody wants this module any more, or it cannot be had.
    pub(crate) fn abandon(&mut self, module: ModuleId) {
        if self.is_of(module) {
            *self = Self::Idle;
        }
    }
}
