use crate::rig::{entry, run, start};
use edgerm_task_abi::{StartError, TaskEnd};

#[test]
fn at_the_start() {
    let entry = entry("(i32.const 0)");
    let started = |tables: &str| start(&format!("{tables} {entry}"));
    assert!(started("(table 8 funcref)").is_ok());
    assert!(started("(table 4 funcref) (table 4 funcref)").is_ok());
    for tables in ["(table 9 funcref)", "(table 4 funcref) (table 5 funcref)"] {
        assert_eq!(started(tables).err(), Some(StartError::Table), "{tables}");
    }
}

#[test]
fn where_one_grows() {
    for (more, told) in [(1, 4), (2, -1), (u32::MAX, -1)] {
        let grow = entry(&format!(
            "(table.grow 0 (ref.null func) (i32.const {more}))"
        ));
        let tables = "(table 4 funcref) (table 3 funcref)";
        let mut task = start(&format!("{tables} {grow}")).unwrap();
        let (_, end) = run(&mut task, 1_000_000);
        assert_eq!(end, TaskEnd::Exited(told), "{more} more");
    }
}
