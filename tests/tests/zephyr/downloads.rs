//! Modules that do not arrive as they are.

use std::sync::Arc;

use edgerm_framework::TaskState;
use edgerm_framework::api::Task;
use edgerm_tests::firmware::cluster::Cluster;

use crate::PLAIN_SMALL;
use crate::rules::Damage;
use crate::work::{averages, averaging, thermometer};

/// Blocks of `moving-average`, of 512 bytes each.
const BLOCKS: u32 = 6;

/// A digest that is wrong is not run, and the module is fetched once more.
pub(crate) fn small_twice_wrong() {
    let damage = Damage::times(2 * BLOCKS, |payload| flip(payload));
    let ended = end_of_the_first(damage, TaskState::Rejected);
    let detail = "the module's digest is wrong, even when fetched anew";
    assert_eq!(ended.detail.as_deref(), Some(detail));
}

pub(crate) fn small_once_wrong() {
    let damage = Damage::times(1, |payload| flip(payload));
    end_of_the_first(damage, TaskState::Completed);
}

pub(crate) fn small_cut() {
    let damage = Damage::times(1, |payload| payload.truncate(100));
    let ended = end_of_the_first(damage, TaskState::Rejected);
    let detail = "the module cannot be fetched: block of 100 bytes, should be 512";
    assert_eq!(ended.detail.as_deref(), Some(detail));
}

fn flip(payload: &mut [u8]) {
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
}

/// How a task ends whose module arrives damaged. The next one does what it should.
fn end_of_the_first(damage: Damage, state: TaskState) -> Task {
    let mut cluster = Cluster::plain_behind(Arc::new(damage));
    let (_node, agent) = cluster.join(&PLAIN_SMALL);
    let module = cluster.upload_prebuilt("moving-average");
    let launch = averaging(&module).env("COUNT", "1");
    let ended = cluster.end(cluster.launch(&agent, &thermometer(), launch).id);
    assert_eq!(ended.state, state, "{ended:?}");
    assert_eq!(averages(&cluster, &agent, 1).len(), 1);
    ended
}
