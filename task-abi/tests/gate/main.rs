//! The gate between a task and its node, one file a behaviour.

#[cfg(test)]
mod calls_reach_the_node;
#[cfg(test)]
mod calls_wait_and_are_resumed;
#[cfg(test)]
mod hostile_calls_are_answered;
#[cfg(test)]
mod node;
