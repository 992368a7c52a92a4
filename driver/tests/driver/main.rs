//! The driver on ports that are machines with data, against a master that the test holds, on one
//! virtual clock. The test is the task: it says what a thread does.

#[cfg(test)]
mod a_kill_ends_a_task_in_each_phase;
#[cfg(test)]
mod a_reboot_starts_a_task_again;
#[cfg(test)]
mod calls_wait_in_their_slot;
#[cfg(test)]
mod common;
#[cfg(test)]
mod storage_that_is_slow;
#[cfg(test)]
mod the_node_is_that_of_the_launch;
