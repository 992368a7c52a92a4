//! Replays the committed corpus of every fuzz target.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use edgerm_tests::fuzz::TARGETS;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz");

#[test]
fn every_input_holds() {
    for target in TARGETS {
        let inputs = fs::read_dir(Path::new(FUZZ).join("corpus").join(target.name)).unwrap();
        let mut replayed = 0;
        for input in inputs {
            (target.run)(&fs::read(input.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 10, "{}: {replayed} inputs", target.name);
    }
}

#[test]
fn every_target_has_its_binary_and_its_corpus() {
    let names = |folder: &str| -> BTreeSet<String> {
        fs::read_dir(Path::new(FUZZ).join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    let targets = BTreeSet::from(TARGETS.map(|target| target.name.to_owned()));
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
}
