//! Tasks on the executor, in real wasm: one file a behaviour.

#[cfg(test)]
mod a_kill_ends_every_task;
#[cfg(test)]
mod a_task_has_its_share_of_a_core;
#[cfg(test)]
mod calls_need_their_permission;
#[cfg(test)]
mod devices_are_those_of_the_launch;
#[cfg(test)]
mod memory_is_held_to_the_launch;
#[cfg(test)]
mod messages_and_outputs_keep_their_order;
#[cfg(test)]
mod modules_that_do_not_start;
#[cfg(test)]
mod nothing_is_left_of_a_task;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod tasks_end_with_their_reason;
#[cfg(test)]
mod the_node_answers;
#[cfg(test)]
mod what_a_task_uses_is_known;
