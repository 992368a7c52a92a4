//! Ids that are written short.

use edgerm_framework::api::{Module, Task};
use edgerm_framework::{Client, ModuleId, TaskId};

use crate::exit::Failure;

/// Hexadecimal digits of a task's id.
const TASK_DIGITS: usize = 16;

/// Hexadecimal digits of a module's id.
const MODULE_DIGITS: usize = 64;

/// Digits of an id that a table shows.
pub(crate) const SHORT: usize = 8;

/// The first digits of a task's id, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskRef(String);

/// A task's id, or how it begins.
pub(crate) fn parse_task(text: &str) -> Result<TaskRef, String> {
    let text = text.to_ascii_lowercase();
    if is_prefix(&text, TASK_DIGITS) {
        Ok(TaskRef(text))
    } else {
        Err(format!(
            "a task's id has up to {TASK_DIGITS} hexadecimal digits; `edgerm ps` shows them"
        ))
    }
}

/// Whether `text` may be the start of an id of so many digits.
pub(crate) fn is_prefix(text: &str, digits: usize) -> bool {
    (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The one task whose id begins so.
pub(crate) async fn task(client: &Client, TaskRef(prefix): &TaskRef) -> Result<Task, Failure> {
    let none = || Failure::NothingMatched {
        what: format!("no task's id begins with {prefix}"),
        next: "`edgerm ps --all` lists the tasks that the master remembers".into(),
    };
    if let Ok(id) = prefix.parse::<TaskId>() {
        return client.task(id).await.map_err(|error| {
            if error.is_not_found() {
                none()
            } else {
                error.into()
            }
        });
    }
    let mut pages = client.tasks().limit(2);
    if let Some(before) = first(prefix).and_then(|first| first.checked_sub(1)) {
        pages = pages.after(TaskId(before));
    }
    let mut found = pages.next_page().await?.unwrap_or_default();
    found.retain(|task| task.id.to_string().starts_with(prefix.as_str()));
    only_one(found, prefix, |task| task.id.to_string()).unwrap_or_else(|| Err(none()))
}

/// The one admitted module whose digest begins so; `None` where `prefix` cannot be one.
pub(crate) async fn module(client: &Client, prefix: &str) -> Result<Option<Module>, Failure> {
    let prefix = prefix.to_ascii_lowercase();
    if !is_prefix(&prefix, MODULE_DIGITS) {
        return Ok(None);
    }
    let mut pages = client.modules().limit(2);
    if let Some(before) = module_before(&prefix) {
        pages = pages.after(before);
    }
    let mut found = pages.next_page().await?.unwrap_or_default();
    found.retain(|module| module.id.to_string().starts_with(&prefix));
    only_one(found, &prefix, |module| module.id.to_string()).transpose()
}

fn only_one<T>(
    found: Vec<T>,
    prefix: &str,
    id: impl Fn(&T) -> String,
) -> Option<Result<T, Failure>> {
    let ids: Vec<String> = found.iter().map(id).collect();
    let mut found = found.into_iter();
    match (found.next(), ids.len()) {
        (None, _) => None,
        (Some(only), 1) => Some(Ok(only)),
        (Some(_), _) => Some(Err(Failure::NothingMatched {
            what: format!("several ids begin with {prefix}: {}, ...", ids.join(", ")),
            next: "write more of the digits".into(),
        })),
    }
}

/// The first id that begins with `prefix`.
fn first(prefix: &str) -> Option<u64> {
    u64::from_str_radix(&format!("{prefix:0<TASK_DIGITS$}"), 16).ok()
}

/// The id just below the first that begins with `prefix`.
fn module_before(prefix: &str) -> Option<ModuleId> {
    let mut first: ModuleId = format!("{prefix:0<MODULE_DIGITS$}").parse().ok()?;
    // The number less one, borrowing from the right.
    for byte in first.0.iter_mut().rev() {
        let borrow = *byte == 0;
        *byte = byte.wrapping_sub(1);
        if !borrow {
            return Some(first);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_starts_where_its_first_id_is() {
        assert_eq!(first("ab"), Some(0xab00_0000_0000_0000));
        assert_eq!(module_before("00"), None);
        let before = module_before("01").map(|id| id.to_string());
        assert_eq!(before, Some(format!("00{}", "ff".repeat(31))));
    }

    #[test]
    fn a_task_is_told_by_digits() {
        assert_eq!(parse_task("AB12"), Ok(TaskRef("ab12".into())));
        for wrong in ["", "hello", "0x12", "00112233445566778"] {
            assert!(parse_task(wrong).is_err(), "{wrong}");
        }
    }
}
