//! Cases, what they need, and how they are run.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::Arguments;

use super::image::Image;
use super::workspace::Workspace;
use super::{namespace, programs};
use crate::require::{self, Component};

/// A case, run alone in the namespace.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is printed, and what a filter is compared with.
    pub name: &'static str,
    /// What it boots: built before.
    pub images: &'static [Image],
    /// The case. Fails by panicking.
    pub body: fn(),
}

/// Runs `cases` as the arguments of the command line say, one after another.
#[must_use]
pub fn run(cases: &[Case]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share the ports and the addresses of one network.
    arguments.test_threads = Some(1);
    if namespace::is_inside() {
        namespace::set_up();
    } else if !arguments.list && Component::Zephyr.find_here().is_ok() {
        let chosen = cases.iter().filter(|case| is_chosen(&arguments, case.name));
        if let Err(failed) = prepare(chosen) {
            eprintln!("{failed}");
            return ExitCode::FAILURE;
        }
        let failed = namespace::enter();
        eprintln!("entering a network namespace: {failed}");
        return ExitCode::FAILURE;
    }
    let required = cases.iter().map(|case| {
        let body = case.body;
        require::Case {
            name: case.name,
            component: Component::Zephyr,
            body: move |_: &Path| body(),
        }
    });
    require::run_with(&arguments, &required.collect::<Vec<_>>())
}

/// Builds what the cases run, each image once.
fn prepare<'a>(cases: impl Iterator<Item = &'a Case>) -> Result<(), Box<dyn std::error::Error>> {
    let mut images: Vec<&Image> = Vec::new();
    for image in cases.flat_map(|case| case.images) {
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let workspace = Workspace::find()?;
    programs::build();
    for image in images {
        eprintln!("building {image}");
        image.build(&workspace)?;
    }
    Ok(())
}

/// Whether the harness would run it: the same rules as those of the built-in one.
fn is_chosen(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(&**filter),
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_chooses_as_in_the_built_in_harness() {
        let chosen = |arguments: &[&str]| {
            let arguments = [&["zephyr"], arguments].concat();
            let arguments = Arguments::from_iter(arguments);
            ["join", "rejoin", "kill"].map(|name| is_chosen(&arguments, name))
        };
        assert_eq!(chosen(&[]), [true, true, true]);
        assert_eq!(chosen(&["join"]), [true, true, false]);
        assert_eq!(chosen(&["join", "--exact"]), [true, false, false]);
        assert_eq!(chosen(&["--skip", "re"]), [true, false, true]);
    }
}
