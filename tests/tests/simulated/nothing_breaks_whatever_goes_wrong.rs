use edgerm_tests::sim::{self, Options};

/// A few hours of small clusters in which everything goes wrong that may: `cargo xtask simulate`
/// does more of them.
#[test]
fn nothing_breaks_whatever_goes_wrong() {
    for seed in 0..10 {
        let options = Options {
            seed,
            agents: 10,
            ..Options::default()
        };
        let report = sim::run(options).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(report.settled, 1);
        assert!(report.tasks > 100 && report.agent_crashes > 10, "{report}");
        assert!(report.lines > 10, "{report}");
    }
}

/// All that is sent is the same, to the byte, each time; and another with another seed.
#[test]
fn a_simulation_replays_to_the_byte() {
    let run = |seed| {
        let options = Options {
            seed,
            agents: 7,
            ..Options::default()
        };
        sim::run(options).unwrap_or_else(|failure| panic!("{failure}"))
    };
    let first = run(3);
    assert_eq!(first, run(3));
    assert_ne!(first.digest, run(4).digest);
}
