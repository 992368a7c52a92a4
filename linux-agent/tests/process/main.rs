//! The agent's own process against a real master over loopback, seen through the HTTP API.
#![cfg(test)]

mod a_disk_that_takes_nothing;
mod a_look_at_the_settings;
mod a_process_joins_and_leaves;
mod a_record_that_is_no_use;
mod a_service_tells_systemd;
mod a_task_is_watched;
mod a_task_outlives_its_agent;
mod relay;
mod the_kernel_holds_the_process;
mod world;
