//! The agent as its driver and its master see it: one file a behaviour.
#![expect(
    clippy::expect_used,
    reason = "the helpers of a test fail it as the test itself does"
)]

mod common;

mod deadline_ends_a_task;
mod driver_errors_change_nothing;
mod failed_task_starts_again;
mod forgotten_session_is_renewed;
mod hostile_input_leaves_it_bounded;
mod keys_are_fresh_at_each_boot;
mod kill_ends_a_task_in_each_phase;
mod launch_is_refused_with_a_reason;
mod launch_twice_starts_once;
mod leaves_gracefully;
mod lossy_link_loses_no_task;
mod message_is_answered_when_taken;
mod module_is_fetched_block_by_block;
mod module_that_cannot_be_had_is_rejected;
mod outputs_are_told_in_order;
mod ping_budget;
mod pings_when_nothing_else_was_said;
mod reboot_at_any_instant;
mod refused_registration_backs_off;
mod registers_at_once;
mod restart_outlives_a_reboot;
mod silence_of_the_master_stops_a_task;
mod silent_task_is_ended;
mod status_is_told_until_acknowledged;
mod task_is_inspected;
mod unwanted_task_is_forgotten;
