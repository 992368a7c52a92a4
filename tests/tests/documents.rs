//! What the documents point at is there.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every page of the repository that people are sent to.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "fuzz", "wasm-apps"].map(PathBuf::from);
    let boards = inside(Path::new("boards")).filter(|path| path.is_dir());
    let samples = inside(Path::new("zephyr/samples"));
    folders
        .into_iter()
        .chain(boards)
        .chain(samples)
        .flat_map(|folder| inside(&folder))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

fn inside(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path())
}

/// The targets of `[text](target)`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let relative = links(&text).filter(|link| !link.contains("://") && !link.starts_with('#'));
        for link in relative {
            let file = link.split('#').next().unwrap();
            let target = page.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} links");
}

#[test]
fn every_decision_is_listed() {
    let list = fs::read_to_string(Path::new(ROOT).join("docs/decisions/README.md")).unwrap();
    for page in fs::read_dir(Path::new(ROOT).join("docs/decisions")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || list.contains(&format!("({name})")),
            "{name}"
        );
    }
}
