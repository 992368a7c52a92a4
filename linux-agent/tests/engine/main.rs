//! wasmi behind the engine trait, where the executor cannot choose the slices or the limits: one
//! file a behaviour.

#[cfg(test)]
mod calls_use_up_a_slice;
#[cfg(test)]
mod features_that_no_agent_tells_are_refused;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod selects_choose_what_their_condition_says;
#[cfg(test)]
mod slices_go_on_where_they_ended;
#[cfg(test)]
mod tables_are_held_to_their_elements_together;
