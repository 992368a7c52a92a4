//! Runs simulated clusters: `cargo xtask simulate --help`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is what it is for"
)]

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use edgerm_protocol::planted::Bug;
use edgerm_tests::sim::{self, Faults, Options, Report};

/// Simulates clusters in which everything may go wrong, until something does not hold that must.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// What everything follows from: the same seed gives the same run, to the byte.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs a simulation of each of these seeds instead, the last one not: 0..1000.
    #[arg(long, value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// How many agents there are.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    agents: u16,
    /// Hours that are simulated, in the middle of one minutes.
    #[arg(long, default_value_t = 1)]
    hours: u64,
    /// The same in minutes.
    #[arg(long, conflicts_with = "hours")]
    minutes: Option<u64>,
    /// Minutes of faults before each ten minutes without.
    #[arg(long, default_value_t = 50)]
    storm: u64,
    /// Seconds between two pings of an agent.
    #[arg(long, default_value_t = 20)]
    ping: u64,
    /// What goes wrong: all, none, or some of them with commas between.
    #[arg(long, default_value_t = Faults::ALL)]
    faults: Faults,
    /// A bug to plant, to see whether it is found.
    #[arg(long, value_parser = bug)]
    plant: Option<Bug>,
    /// Simulations that run at a time, where there are several seeds.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Print what happens as it does.
    #[arg(long)]
    trace: bool,
    /// Do not look for a smaller run that fails.
    #[arg(long)]
    no_shrink: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let range = text.split_once("..").and_then(|(first, end)| {
        let range = first.parse().ok()?..end.parse().ok()?;
        (!range.is_empty()).then_some(range)
    });
    range.ok_or_else(|| "seeds are written as 0..1000, of which 1000 is not one".to_owned())
}

fn bug(text: &str) -> Result<Bug, String> {
    let known = Bug::ALL.map(Bug::name).join(", ");
    Bug::named(text).ok_or_else(|| format!("there is no such bug: choose from {known}"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let minutes = arguments.minutes.unwrap_or(arguments.hours * 60);
    let options = Options {
        seed: arguments.seed,
        agents: arguments.agents,
        time: Duration::from_secs(minutes * 60),
        storm: Duration::from_secs(arguments.storm.max(1) * 60),
        faults: arguments.faults,
        ping: Duration::from_secs(arguments.ping.max(1)),
        bug: arguments.plant,
        trace: arguments.trace,
    };
    let ran = match arguments.seeds {
        None => one(options).map(|report| println!("{report}")),
        Some(seeds) => many(options, seeds, arguments.jobs.max(1)),
    };
    let Err(failure) = ran else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{failure}");
    if !arguments.no_shrink {
        eprintln!("looking for a smaller run that fails ...");
        let least = sim::shrink(failure, |smaller| eprintln!("{smaller}"));
        eprintln!("the smallest found: {least}");
    }
    ExitCode::FAILURE
}

fn one(options: Options) -> Result<Report, sim::Failure> {
    let began = std::time::Instant::now();
    let report = sim::run(options)?;
    let seconds = began.elapsed().as_secs_f64();
    println!("seed {}: {seconds:.1} s", options.seed);
    Ok(report)
}

/// Runs simulations of all seeds, until one fails.
fn many(options: Options, seeds: Range<u64>, jobs: usize) -> Result<(), sim::Failure> {
    let next = AtomicU64::new(seeds.start);
    let clean = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(());
            }
            if let Err(failure) = sim::run(Options { seed, ..options }) {
                next.store(seeds.end, Ordering::Relaxed);
                return Err(failure);
            }
            let clean = clean.fetch_add(1, Ordering::Relaxed) + 1;
            if clean.is_multiple_of(50) {
                println!("{clean} seeds, clean");
            }
        }
    };
    let ran = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let ran = workers.into_iter().filter_map(|worker| worker.join().ok());
        ran.collect::<Result<(), _>>()
    });
    println!("{} seeds, clean", clean.into_inner());
    ran
}
