#![forbid(unsafe_code)]
//! The SDK to write an EdgeRM framework: the scheduler of some application, which takes offers
//! and launches tasks on them.
//!
//! [`Client`] has one method for each call of the master's HTTP API, whose types are
//! [`api`]. [`Scheduler`] stands on it and does what every framework does: register, ask for
//! offers, launch so that a lost answer launches nothing twice, watch, tear down.
//!
//! ```no_run
//! use edgerm_framework::{Client, Error, Launch, Scheduler, api::Constraints};
//! use std::time::Duration;
//!
//! # async fn readings(wasm: Vec<u8>) -> Result<(), Error> {
//! let client = Client::new("http://127.0.0.1:8080")?;
//! let module = client.upload_module(wasm).await?;
//! let scheduler = Scheduler::register(client, "readings").await?;
//! let on = Constraints::default().sensor("temperature");
//! for offer in scheduler.offers(&on, 1, Duration::from_secs(10)).await? {
//!     let launch = Launch::new("average", &module).devices(on.assign(&offer).unwrap_or_default());
//!     let task = scheduler.launch(&offer, launch).await?;
//!     println!("{} runs on {}", task.id, task.agent_name);
//! }
//! scheduler.tear_down().await
//! # }
//! # use edgerm_framework::ConstraintsExt;
//! ```
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `client` | one method a call |
//! | `backup` | all that a master keeps, piece by piece |
//! | `transport` | HTTP/1.1: requests, answers, refusals, patience |
//! | [`error`] | what a call can end in |
//! | [`page`] | lists, page by page |
//! | [`events`], `sse` | the stream of events, resumed where it broke |
//! | [`output`] | what a task emits and logs, followed to its end |
//! | `wait` | until a task is in a state |
//! | [`constraints`] | what an agent must have, and which of its devices that takes |
//! | [`scheduler`], [`launch`] | what every framework does |

mod backup;
mod body;
mod client;
pub mod constraints;
pub mod error;
pub mod events;
pub mod launch;
pub mod output;
pub mod page;
pub mod scheduler;
mod sse;
mod transport;
mod wait;

pub use backup::Backup;
pub use client::Client;
pub use constraints::ConstraintsExt;
pub use edgerm_protocol::{
    AgentId, FrameworkId, ModuleId, OfferId, TaskId, TaskState, api, message, owned, resource,
};
pub use error::Error;
pub use events::Events;
pub use launch::Launch;
pub use output::{Kept, OutputFollower};
pub use page::Pages;
pub use scheduler::Scheduler;
