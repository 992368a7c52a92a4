//! A real agent over real UDP, against a master that is driven by the test.

#[cfg(test)]
mod a_kill_comes_at_any_time;
#[cfg(test)]
mod a_task_from_launch_to_kill;
#[cfg(test)]
mod ends_are_told_with_their_reason;
#[cfg(test)]
mod nothing_emitted_is_lost;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod the_network_misbehaves;
