//! The enrolment of agents, as the API shows it. Bytes are hexadecimal digits.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// An agent to enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEnrollment {
    /// What it is called: 1 to 32 letters, digits, `-`, `_` and `.`; unique.
    pub name: String,
}

/// A credential that was just made. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCredential {
    /// Which agent's.
    pub name: String,
    /// What its messages are known by, 4 bytes.
    pub key_id: String,
    /// The credential, 29 bytes: `edgerm_coap::oscore::Credential` says of what.
    pub credential: String,
}

impl core::fmt::Debug for IssuedCredential {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedCredential")
            .field("name", &self.name)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// An agent that is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// What it is called.
    pub name: String,
    /// What its messages are known by, 4 bytes.
    pub key_id: String,
    /// When it was enrolled, in milliseconds since the Unix epoch.
    pub enrolled_at_ms: u64,
    /// When its credential took the place of another, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at_ms: Option<u64>,
}

/// A token to issue, with which agents enrol themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewJoinToken {
    /// What it is for, up to 32 bytes, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Seconds until it is no use any more, 1 to 2,592,000 (30 days).
    pub expires_in: u64,
    /// How many agents may join with it, 1 to 100,000; 1 unless told.
    #[serde(default = "one")]
    pub uses: u32,
}

const fn one() -> u32 {
    1
}

/// A token with which agents enrol themselves. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedJoinToken {
    /// Which token, 8 bytes.
    pub id: String,
    /// The token: `edgermjoin_`, and 24 bytes.
    pub token: String,
    /// When it is no use any more, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
    /// How many agents may join with it.
    pub uses: u32,
}

impl core::fmt::Debug for IssuedJoinToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedJoinToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A token with which agents may still enrol themselves, or which died of wrong proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinToken {
    /// Which token, 8 bytes.
    pub id: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it is no use any more, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
    /// How many agents may join with it yet.
    pub uses_left: u32,
    /// Whether so many proofs with it were wrong that it is no use any more.
    pub dead: bool,
}

/// What an agent that has a token asks with, of any master and without any other token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Join {
    /// Which token it has, 8 bytes.
    pub token_id: String,
    /// What it will be called: as [`NewEnrollment::name`].
    pub name: String,
    /// 16 bytes that it drew for this call alone.
    pub nonce: String,
    /// That it has the token, 32 bytes: `edgerm_coap::oscore::JoinToken` says of what.
    pub proof: String,
}

/// What an agent that joined makes its credential of, with the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// What its messages are known by, 4 bytes.
    pub key_id: String,
    /// The salt, 8 bytes.
    pub salt: String,
    /// That the master has the token and gave these, 32 bytes.
    pub master_proof: String,
}
