//! Who calls, and what is theirs.

use std::fmt;

use edgerm_protocol::api::Role;

use super::TokenId;
use crate::refusal::Refuse;

/// Whose frameworks, offers and tasks a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// Those of the frameworks that a token registered.
    Of(TokenId),
}

impl Scope {
    /// Whether what `owner` registered is in it.
    pub fn contains(self, owner: Option<TokenId>) -> bool {
        match self {
            Self::All => true,
            Self::Of(token) => owner == Some(token),
        }
    }

    /// Who owns what is registered by a call of this scope.
    pub fn owner(self) -> Option<TokenId> {
        match self {
            Self::All => None,
            Self::Of(token) => Some(token),
        }
    }

    /// Refuses what is another's.
    ///
    /// # Errors
    ///
    /// [`Denied::NotYours`].
    pub fn check(self, owner: Option<TokenId>) -> Result<(), Denied> {
        match self.contains(owner) {
            true => Ok(()),
            false => Err(Denied::NotYours),
        }
    }
}

/// A caller that has proved who it is, where that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    role: Role,
    token: Option<TokenId>,
}

impl Caller {
    /// Whoever calls a master that has no tokens.
    pub(super) const ANYBODY: Self = Self {
        role: Role::Operator,
        token: None,
    };

    pub(super) const fn new(role: Role, token: TokenId) -> Self {
        Self {
            role,
            token: Some(token),
        }
    }

    /// The token that it shows, where that is asked for.
    pub fn token(self) -> Option<TokenId> {
        self.token
    }

    /// What it sees and touches.
    pub fn scope(self) -> Scope {
        match (self.role, self.token) {
            (Role::Framework, Some(token)) => Scope::Of(token),
            (Role::Framework | Role::Operator | Role::ReadOnly, _) => Scope::All,
        }
    }

    /// Refuses who may only look.
    ///
    /// # Errors
    ///
    /// [`Denied::ReadOnly`].
    pub fn may_change(self) -> Result<(), Denied> {
        match self.role {
            Role::ReadOnly => Err(Denied::ReadOnly),
            Role::Operator | Role::Framework => Ok(()),
        }
    }

    /// Refuses who is no operator.
    ///
    /// # Errors
    ///
    /// [`Denied::NotOperator`].
    pub fn may_operate(self) -> Result<(), Denied> {
        match self.role {
            Role::Operator => Ok(()),
            Role::Framework | Role::ReadOnly => Err(Denied::NotOperator),
        }
    }
}

/// Why a call is not for this caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// It shows no token.
    NoToken,
    /// It shows one that this master has not issued, or has revoked.
    UnknownToken,
    /// Its role changes nothing.
    ReadOnly,
    /// It is for operators.
    NotOperator,
    /// It is about another's framework, offer or task.
    NotYours,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoToken => {
                "this master asks for a token: send `Authorization: Bearer TOKEN` (edgerm takes \
                 it from --token or EDGERM_TOKEN)"
            }
            Self::UnknownToken => {
                "this master has not issued this token, or has revoked it: ask an operator for \
                 another"
            }
            Self::ReadOnly => "this token may look, and change nothing: its role is readOnly",
            Self::NotOperator => "this is for operators: this token's role is another",
            Self::NotYours => "this is another's: this token sees what it registered itself",
        })
    }
}

impl std::error::Error for Denied {}

impl Refuse for Denied {
    fn status(&self) -> u16 {
        match self {
            Self::NoToken | Self::UnknownToken => 401,
            Self::ReadOnly | Self::NotOperator | Self::NotYours => 403,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "noToken",
            Self::UnknownToken => "unknownToken",
            Self::ReadOnly => "readOnly",
            Self::NotOperator => "notOperator",
            Self::NotYours => "notYours",
        }
    }
}
