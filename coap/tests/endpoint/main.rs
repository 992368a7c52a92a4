//! The endpoint as its drivers see it: one file a behaviour, most of them over a pair of
//! endpoints joined by a seeded network on a virtual clock.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test fail it as the test itself does"
)]

mod pair;

mod bad_request_is_refused_with_a_diagnostic;
mod bad_response_is_rejected;
mod busy_endpoint_sends_one_request_at_a_time;
mod duplicate_request_gets_the_cached_reply;
mod each_boot_of_either_end_has_fresh_keys;
mod every_request_ends_and_none_is_told_twice;
mod forbidden_message_is_ignored;
mod full_inbox_drops_requests;
mod hostile_datagrams_leave_it_bounded;
mod late_response_after_cancel_is_reset;
mod lost_request_is_sent_again_unchanged;
mod messages_are_the_rfcs_bytes;
mod module_is_fetched_over_a_lossy_link;
mod oscore_exchange_survives_a_lossy_network;
mod protected_exchange_needs_its_binding;
mod separate_response_is_acknowledged;
mod too_large_is_refused_by_length;
