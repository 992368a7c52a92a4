//! `edgerm demo` tells a story that is true.

use crate::cluster::say;

#[test]
fn the_demo_walks_the_whole_road() {
    let said = say(&["demo"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let told = [
        "4 nodes report what they have",
        "A framework asks for nodes with a temperature sensor",
        "It launches moving-average on greenhouse",
        "RUNNING after",
        "Its readings come back",
        "It is killed",
        "KILLED after",
        "Its resources are free again",
        "offered as they were before",
        "Everything above was seen and checked",
    ];
    let mut rest = said.stdout.as_str();
    for part in told {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part:?} is not told in {}", said.stdout));
        rest = &rest[at..];
    }
    assert!(
        !said.stdout.contains('\u{1b}'),
        "colours go to terminals alone: {}",
        said.stdout
    );
    assert_eq!(said.stderr, "");
}
