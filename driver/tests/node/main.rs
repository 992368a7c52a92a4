//! A small node on threads of the standard library, against a real master over loopback.

#[cfg(test)]
mod a_task_from_launch_to_end;
#[cfg(test)]
mod faults_reject_a_task_and_nothing_else;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod rig;
#[cfg(test)]
#[path = "../common/storage.rs"]
mod storage;
#[cfg(test)]
mod threads;
