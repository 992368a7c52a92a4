//! `docs/resources.md` lists the standard names that the code has, and no others.

use std::collections::BTreeSet;

use edgerm_protocol::resource::{DeviceClass, Name, names};
use edgerm_protocol::standard::{self, KINDS, attributes};

const DOCUMENT: &str = include_str!("../../../docs/resources.md");

/// The cells of the table's rows under `heading`, without its head.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .skip(1)
        .map(|row| row.split(" | ").collect())
        .collect()
}

fn first_cells(heading: &str) -> BTreeSet<String> {
    table(heading).iter().map(|row| row[0].to_owned()).collect()
}

fn quoted(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

#[test]
fn every_resource_and_attribute_is_documented() {
    assert_eq!(first_cells("Resources"), quoted(&names::ALL));
    assert_eq!(first_cells("Attributes"), quoted(&attributes::ALL));
}

#[test]
fn every_kind_is_documented_with_its_unit() {
    for (heading, class) in [
        ("Sensors", DeviceClass::Sensor),
        ("Actuators", DeviceClass::Actuator),
    ] {
        let documented: Vec<(String, String)> = table(heading)
            .iter()
            .map(|row| (row[0].to_owned(), row[1].to_owned()))
            .collect();
        let known: Vec<(String, String)> = KINDS
            .iter()
            .filter(|kind| kind.class == class)
            .map(|kind| (format!("`{}`", kind.name), kind.unit.to_owned()))
            .collect();
        assert_eq!(documented, known);
    }
}

#[test]
fn a_standard_name_fits_and_stands_once() {
    let kinds = KINDS.map(|kind| kind.name);
    for name in kinds.iter().chain(&attributes::ALL).chain(&names::ALL) {
        assert!(Name::new(name).is_ok(), "{name}");
    }
    assert_eq!(BTreeSet::from(kinds).len(), KINDS.len());
    assert_eq!(
        standard::kind("temperature").map(|kind| kind.unit),
        Some("°C")
    );
    assert_eq!(standard::kind("mood"), None);
}
