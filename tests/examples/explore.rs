//! Explores every state of a small cluster and prints how many there are:
//! `cargo run --release -p edgerm-tests --example explore -- one-agent`, with a planted bug as
//! second argument if there is to be one. With what is found comes a shortest way there.

use std::env;
use std::process::ExitCode;

use edgerm_protocol::planted::{Bug, plant};
use edgerm_tests::exhaustive::{Cluster, explore};

fn main() -> ExitCode {
    let names: Vec<String> = env::args().skip(1).collect();
    let cluster = names.first().and_then(|name| Cluster::named(name));
    let bug = names.get(1).map(|name| Bug::named(name));
    let (Some(cluster), None | Some(Some(_))) = (cluster, bug) else {
        let bugs = Bug::ALL.map(Bug::name).join(" | ");
        eprintln!("usage: explore {} [{bugs}]", Cluster::NAMES.join(" | "));
        return ExitCode::FAILURE;
    };
    plant(bug.flatten());
    let report = explore(cluster, true);
    println!("{report}");
    match report.violation {
        Some(violation) => {
            println!("{violation}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}
