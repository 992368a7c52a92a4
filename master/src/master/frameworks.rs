//! The API's calls about frameworks.

use std::fmt;

use edgerm_protocol::api::{self, Page};
use edgerm_protocol::codec::{Text, TextError};
use edgerm_protocol::limits::MAX_NAME;
use edgerm_protocol::{FrameworkId, Instant};

use super::view::view_framework;
use super::{Master, Paging, Reply, Timer};
use crate::access::{Scope, TokenId};
use crate::ledger::Change;
use crate::refusal::Refuse;

/// Why a framework is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewFrameworkError {
    /// The name is no name.
    Name(TextError),
    /// The role is no name.
    Role(TextError),
    /// So many are registered.
    TooMany(usize),
    /// So many are registered with this token.
    TooManyOwn(usize),
}

impl fmt::Display for NewFrameworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "the name is {error}"),
            Self::Role(error) => write!(f, "the role is {error}"),
            Self::TooManyOwn(count) => write!(
                f,
                "{count} frameworks are registered with this token: remove one with DELETE \
                 /v1/frameworks/{{id}}"
            ),
            Self::TooMany(count) => write!(
                f,
                "{count} frameworks are registered: remove one with DELETE /v1/frameworks/{{id}}"
            ),
        }
    }
}

impl std::error::Error for NewFrameworkError {}

impl Refuse for NewFrameworkError {
    fn status(&self) -> u16 {
        match self {
            Self::Name(_) | Self::Role(_) => 422,
            Self::TooManyOwn(_) => 429,
            Self::TooMany(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::Role(_) => "badName",
            Self::TooManyOwn(_) => "tooManyOwnFrameworks",
            Self::TooMany(_) => "tooManyFrameworks",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Name(_) => Some("name".to_owned()),
            Self::Role(_) => Some("role".to_owned()),
            Self::TooMany(_) | Self::TooManyOwn(_) => None,
        }
    }
}

/// Why nothing is done with a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameworkError {
    /// There is no such framework.
    Unknown(FrameworkId),
}

impl fmt::Display for FrameworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(framework) => write!(
                f,
                "there is no framework {framework}: list them with GET /v1/frameworks"
            ),
        }
    }
}

impl std::error::Error for FrameworkError {}

impl Refuse for FrameworkError {
    fn status(&self) -> u16 {
        match self {
            Self::Unknown(_) => 404,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknownFramework",
        }
    }
}

impl Master {
    /// Registers a framework, for `owner` where somebody has to prove who they are.
    ///
    /// # Errors
    ///
    /// [`NewFrameworkError`].
    pub fn register_framework(
        &mut self,
        now: Instant,
        owner: Option<TokenId>,
        framework: &api::NewFramework,
    ) -> Result<api::Framework, NewFrameworkError> {
        Text::<MAX_NAME>::new(&framework.name).map_err(NewFrameworkError::Name)?;
        Text::<MAX_NAME>::new(&framework.role).map_err(NewFrameworkError::Role)?;
        let too_many = NewFrameworkError::TooMany(self.ledger.framework_count());
        if self.ledger.framework_count() >= self.config.limits.frameworks {
            return Err(too_many);
        }
        let all = self.ledger.frameworks(None);
        let own = all.filter(|framework| owner.is_some() && framework.owner == owner);
        let own = own.count();
        if own >= self.config.limits.token_frameworks {
            return Err(NewFrameworkError::TooManyOwn(own));
        }
        let id = self.draw(FrameworkId, |ledger, id| ledger.framework(*id).is_some());
        let change = Change::FrameworkRegistered {
            framework: id,
            name: framework.name.clone(),
            role: framework.role.clone(),
            owner,
        };
        self.commit(now, change);
        self.framework_view(id).ok_or(too_many)
    }

    /// A part of the list of frameworks in `scope`.
    pub fn frameworks(&self, scope: Scope, paging: Paging<FrameworkId>) -> Page<api::Framework> {
        let all = self.ledger.frameworks(paging.after);
        paging.cut(
            all.filter(|framework| scope.contains(framework.owner)),
            |framework| framework.id,
            view_framework,
        )
    }

    /// One framework.
    ///
    /// # Errors
    ///
    /// [`FrameworkError`].
    pub fn framework(&self, framework: FrameworkId) -> Result<api::Framework, FrameworkError> {
        self.framework_view(framework)
            .ok_or(FrameworkError::Unknown(framework))
    }

    /// Removes a framework: its tasks are killed, its offers return.
    ///
    /// # Errors
    ///
    /// [`FrameworkError`].
    pub fn remove_framework(
        &mut self,
        now: Instant,
        id: FrameworkId,
    ) -> Result<(), FrameworkError> {
        let framework = self
            .ledger
            .framework(id)
            .ok_or(FrameworkError::Unknown(id))?;
        let tasks = framework.tasks.clone();
        let changes = self.ledger.framework_gone(framework);
        for wait in self.allocator.waiting_of(id) {
            let offers = Vec::new();
            self.reply(wait, Reply::Offers(api::Offers { offers }));
        }
        self.drop_filters(id);
        for task in tasks {
            // Each is this framework's, so the kill is not refused.
            let _killed = self.kill_task(now, task, None);
        }
        self.commit_all(now, changes);
        self.allocate(now);
        Ok(())
    }

    /// Offers `framework` nothing, until it revives.
    ///
    /// # Errors
    ///
    /// [`FrameworkError`].
    pub fn suppress(&mut self, now: Instant, framework: FrameworkId) -> Result<(), FrameworkError> {
        self.set_suppressed(now, framework, true)
    }

    /// Offers `framework` everything again, what it declined included.
    ///
    /// # Errors
    ///
    /// [`FrameworkError`].
    pub fn revive(&mut self, now: Instant, framework: FrameworkId) -> Result<(), FrameworkError> {
        self.set_suppressed(now, framework, false)?;
        self.drop_filters(framework);
        self.freed.extend(self.allocator.free_agents());
        self.allocate(now);
        Ok(())
    }

    fn set_suppressed(
        &mut self,
        now: Instant,
        framework: FrameworkId,
        suppressed: bool,
    ) -> Result<(), FrameworkError> {
        if self.ledger.framework(framework).is_none() {
            return Err(FrameworkError::Unknown(framework));
        }
        let change = Change::FrameworkSuppressed {
            framework,
            suppressed,
        };
        self.commit(now, change);
        Ok(())
    }

    fn drop_filters(&mut self, framework: FrameworkId) {
        for (agent, until) in self.allocator.revive(framework) {
            self.timers
                .remove(&(until, Timer::Filter(framework, agent)));
        }
    }
}
