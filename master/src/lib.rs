//! The EdgeRM master: what agents there are, what they have, who may use it, and what runs.
//!
//! Everything that decides is sans-IO: [`master::Master`] takes datagrams, calls and the time,
//! and gives datagrams, replies and events. [`Server`] is a thin loop of tokio around it, with a
//! UDP socket for agents (CoAP) and an HTTP listener for frameworks and people.
//!
//! # Layout
//!
//! | module | is |
//! |---|---|
//! | [`ledger`] | the record: agents, frameworks, offers, tasks, modules; one enum of changes |
//! | [`access`] | who calls the API and what they may do, and who may be an agent |
//! | [`admission`] | what a module must be before any agent sees it |
//! | [`allocator`] | who gets what is free: weighted dominant resource fairness over roles |
//! | [`master`] | the two above, and the way to every agent, behind one interface |
//! | [`launch`] | what is told to the agent that is to run a task |
//! | `peers`, `link` | a CoAP endpoint for each agent and address; what waits to be told to each agent |
//! | `rate` | how often something may happen for each source |
//! | [`outputs`], [`modules`] | what tasks said lately; the bytes of modules |
//! | [`variants`] | modules for nodes with little memory |
//! | [`events`] | what happened lately, for streams |
//! | [`refusal`] | errors as the API shows them |
//! | `registrar` | changes who is enrolled |
//! | `http` | warp's routes, one file a resource, and the listener before them |
//! | [`store`] | the master's file: what lasts of all this |
//! | `metrics` | what a Prometheus reads |
//! | `shared`, [`server`] | the lock around the master; sockets and timer |
//! | [`config`] | all that one may set |

pub mod access;
pub mod admission;
pub mod allocator;
mod backup;
pub mod config;
pub mod events;
mod http;
pub mod launch;
pub mod ledger;
mod link;
pub mod master;
mod metrics;
pub mod modules;
pub mod outputs;
mod peers;
mod policy;
mod rate;
pub mod refusal;
mod registrar;
pub mod server;
mod shared;
pub mod store;
pub mod variants;

pub use config::{Config, HttpLimits, Limits, Timing, TlsFiles};
pub use http::TlsError;
pub use master::Master;
pub use rate::Rate;
pub use server::{Running, Server, StartError};
pub use store::{Store, StoreError};
