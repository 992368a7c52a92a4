//! The HTTP API's types, in JSON with names in camelCase.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /v1/agents` | | [`Page`] of [`Agent`] |
//! | `GET /v1/agents/{id}` | | [`Agent`] |
//! | `POST /v1/agents/{id}/drain` | [`DrainAgent`] | [`Agent`]; for operators |
//! | `POST /v1/agents/{id}/undrain` | | [`Agent`]; for operators |
//! | `POST /v1/frameworks` | [`NewFramework`] | 201 [`Framework`] |
//! | `GET /v1/frameworks`, `/{id}` | | [`Page`] of [`Framework`], [`Framework`] |
//! | `DELETE /v1/frameworks/{id}` | | 204; its tasks are killed, its offers return |
//! | `POST /v1/frameworks/{id}/suppress`, `/revive` | | 204 |
//! | `POST /v1/offers` | [`OfferRequest`] | [`Offers`]; waits up to `waitMs` for one |
//! | `GET /v1/offers` | | [`Page`] of [`Offer`] |
//! | `POST /v1/offers/{id}/accept` | [`Accept`] | 201 [`Accepted`] |
//! | `POST /v1/offers/{id}/decline` | [`Decline`] | 204 |
//! | `GET /v1/tasks`, `/{id}` | | [`Page`] of [`Task`], [`Task`] |
//! | `POST /v1/tasks/{id}/kill` | [`KillTask`] | 202 [`Task`] |
//! | `POST /v1/tasks/{id}/message` | [`SendMessage`] | 202 |
//! | `GET /v1/tasks/{id}/output` | | [`Outputs`]; waits up to `waitMs` for one after `after`; with `log`, [`LogWanted`] |
//! | `GET /v1/tasks/{id}/usage` | | [`TaskUsage`]; waits up to `waitMs` for its agent to tell |
//! | `POST /v1/modules` | the bytes of a module | 201 [`Module`], 200 where it was known |
//! | `GET /v1/modules` | | [`Page`] of [`Module`] |
//! | `GET /v1/modules/{id}` | | the bytes, as they were admitted |
//! | `GET /v1/events` | | [`Event`]s, as server-sent events; `framework` keeps others' away |
//! | `POST /v1/tokens` | [`NewToken`] | 201 [`IssuedToken`] |
//! | `GET /v1/tokens` | | [`Page`] of [`Token`] |
//! | `DELETE /v1/tokens/{name}` | | 204; its bearers are refused from now on |
//! | `POST /v1/enrollments` | [`NewEnrollment`] | 201 [`IssuedCredential`] |
//! | `GET /v1/enrollments` | | [`Page`] of [`Enrollment`] |
//! | `POST /v1/enrollments/{name}/rotate` | | [`IssuedCredential`]; the one before is refused from now on |
//! | `DELETE /v1/enrollments/{name}` | | 204; the agent is refused from now on |
//! | `POST /v1/join-tokens` | [`NewJoinToken`] | 201 [`IssuedJoinToken`] |
//! | `GET /v1/join-tokens` | | [`Page`] of [`JoinToken`] |
//! | `DELETE /v1/join-tokens/{id}` | | 204; nobody joins with it any more |
//! | `POST /v1/join` | [`Join`] | 201 [`Joined`] |
//! | `GET /v1/backup` | | all that lasts, secrets included, as one file; for operators |
//! | `POST /v1/restore` | such a file | [`Restored`]; all that lasts is as in the file from now on |
//! | `GET /v1/counters` | | how often what was refused, by code |
//! | `GET /healthz` | | [`Health`] |
//! | `GET /metrics` | | what Prometheus reads, as text; for who sees everything |
//!
//! A master that has issued tokens asks for one, in `Authorization: Bearer`, in all calls but
//! `/healthz` and `/v1/join`: 401 without, 403 where the [`Role`] does not allow the call. To a framework's token
//! the lists show what it registered itself, and so do the events.
//!
//! Lists take `limit` (1 to [`MAX_PAGE`], [`DEFAULT_PAGE`] unless told) and `after` (the
//! `next` of the page before). A refusal is a 4xx or 5xx with a [`Refusal`]. An unknown field in
//! a body is refused: a misspelt one must not be passed over.

mod agent;
mod backup;
mod container;
mod enrollment;
mod event;
mod framework;
mod module;
mod needs;
mod offer;
mod output;
mod supervision;
mod task;
mod token;

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use agent::{Agent, AgentState, Drain, DrainAgent, DrainState};
pub use backup::Restored;
pub use container::{
    Container, ContainerTask, DEFAULT_PIDS, DEFAULT_STOP_GRACE, MAX_CONTAINER, MAX_IMAGE,
    MIN_CONTAINER_MEM, Mount, Network, PortMapping, Pull, Transport,
};
pub use enrollment::{
    Enrollment, IssuedCredential, IssuedJoinToken, Join, JoinToken, Joined, NewEnrollment,
    NewJoinToken,
};
pub use event::{Event, EventKind};
pub use framework::{Framework, NewFramework};
pub use module::Module;
pub use needs::{CUSTOM_PAGE_SIZES, ENGINE_MEM, Fit, Needs, Unfit};
pub use offer::{
    Accept, Accepted, Constraints, Decline, DeviceConstraint, ModuleConstraint, Offer,
    OfferRequest, Offers,
};
pub use output::{
    InspectionState, LogWanted, NoLogWanted, Output, OutputData, Outputs, TaskUsage, Usage,
};
pub use supervision::{DEFAULT_RESTARTS, Duty, HealthCheck, Restart, STOP_MARGIN};
pub use task::{KillTask, LaunchTask, Moved, SendMessage, Task, TaskResources};
pub use token::{IssuedToken, NewToken, Policy, Role, Token};

/// Members of a page unless told.
pub const DEFAULT_PAGE: usize = 100;

/// Members of a page at most.
pub const MAX_PAGE: usize = 1000;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The members, ordered by id.
    pub items: Vec<T>,
    /// What `after` must be for the next page. Absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Why a call was refused. Nothing was changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The rule, in camelCase, for programs: `offerExpired`.
    pub code: String,
    /// What went wrong, on what, and what to do next, for people.
    pub message: String,
    /// The field of the body, or the parameter, that broke the rule: `tasks[0].resources.mem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// That the master serves, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always `ok`: a master that cannot serve does not answer.
    pub status: String,
    /// The master's version.
    pub version: String,
    /// The wire version that agents must speak.
    pub wire_version: u8,
    /// Whether agents that prove nothing are taken from beyond loopback.
    pub insecure: bool,
}
