//! OSCORE as its callers see it: one file a behaviour. The RFC's vectors are beside the code.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test fail it as the test itself does"
)]

mod ends;

mod any_message_survives;
mod capacity_is_told;
mod each_boot_has_fresh_keys;
mod no_input_panics;
mod options_go_inside_or_stay_outside;
mod replayed_request_is_refused;
mod secrets_are_not_printed;
mod sequence_numbers_run_out;
mod tampered_message_is_refused;
