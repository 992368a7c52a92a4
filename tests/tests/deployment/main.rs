//! What deploy/ has: the master's image runs, and the units are sound.
#![expect(
    clippy::expect_used,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

mod image;
mod units;

use std::process::ExitCode;

use edgerm_tests::require::{Case, Component, run};

fn main() -> ExitCode {
    run(&[
        Case {
            name: "the_masters_image_serves_the_first_task",
            component: Component::Docker,
            body: |_| image::the_masters_image_serves_the_first_task(),
        },
        Case {
            name: "systemd_finds_no_fault_with_the_units",
            component: Component::Systemd,
            body: units::systemd_finds_no_fault_with_the_units,
        },
        Case {
            name: "every_variable_is_one_that_a_program_reads",
            component: Component::Systemd,
            body: units::every_variable_is_one_that_a_program_reads,
        },
        Case {
            name: "the_units_are_held_back",
            component: Component::Systemd,
            body: units::the_units_are_held_back,
        },
    ])
}
