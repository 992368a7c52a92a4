//! Configuration as an operator meets it, a file a behaviour.

#[cfg(test)]
mod devices_are_declared;
#[cfg(test)]
mod errors_name_the_place;
#[cfg(test)]
mod flag_over_environment_over_file;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod the_agent_is_described;
#[cfg(test)]
mod the_example_explains_every_key;
