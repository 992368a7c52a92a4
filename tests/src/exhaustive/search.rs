//! The search: breadth first, so that what is found is found by a shortest way.

use std::fmt;
use std::time::{Duration, Instant};

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::cluster::{Cluster, NODES};
use super::records::RecordId;
use super::state::{Action, Slot, State};
use super::words::told;
use super::world::{Step, World};

/// What a search has found.
#[derive(Debug)]
pub struct Report {
    /// States that differ.
    pub states: usize,
    /// Steps between them.
    pub transitions: u64,
    /// Steps of the longest of the shortest ways.
    pub depth: usize,
    /// States in which all is quiet.
    pub quiet: usize,
    /// States of one agent that differ.
    pub agent_states: usize,
    /// Inputs that agents were given.
    pub agent_inputs: u64,
    /// States of the master's side that differ.
    pub master_states: usize,
    /// Messages that differ.
    pub messages: usize,
    /// How long it took.
    pub time: Duration,
    /// What does not hold, by a shortest way.
    pub violation: Option<Violation>,
}

/// Something that does not hold, and what led there.
#[derive(Debug)]
pub struct Violation {
    /// What.
    pub what: String,
    /// Every step that led there.
    pub steps: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} states, {} steps, depth {}, {} quiet; {} of agents ({} inputs), {} of the master, \
             {} messages; {:.1} s",
            self.states,
            self.transitions,
            self.depth,
            self.quiet,
            self.agent_states,
            self.agent_inputs,
            self.master_states,
            self.messages,
            self.time.as_secs_f64()
        )
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:3}. {step}", number + 1)?;
        }
        write!(f, "  => {}", self.what)
    }
}

/// Where a quiet state's calm successor would stand.
const QUIET: u32 = u32::MAX;

/// A state with its slots as numbers, for there are many states and few slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Packed {
    record: RecordId,
    slots: [u32; NODES],
    faults: [u8; 2],
}

/// States, each once.
#[derive(Default)]
struct States {
    slots: IndexSet<Slot, FxBuildHasher>,
    all: IndexSet<Packed, FxBuildHasher>,
}

impl States {
    fn pack(&mut self, state: &State) -> Packed {
        let State {
            record,
            slots,
            losses,
            crashes,
        } = *state;
        Packed {
            record,
            slots: slots.map(|slot| number(self.slots.insert_full(slot).0)),
            faults: [losses, crashes],
        }
    }

    /// The number of a state, and whether it is new.
    fn insert(&mut self, state: &State) -> (usize, bool) {
        let packed = self.pack(state);
        self.all.insert_full(packed)
    }

    fn get(&self, at: usize) -> State {
        let Packed {
            record,
            slots,
            faults: [losses, crashes],
        } = self.all[at];
        State {
            record,
            slots: slots.map(|slot| self.slots[slot as usize]),
            losses,
            crashes,
        }
    }

    fn len(&self) -> usize {
        self.all.len()
    }
}

struct Search {
    world: World,
    states: States,
    parents: Vec<u32>,
    /// For each state the one that follows where nothing goes wrong.
    calm: Vec<u32>,
    transitions: u64,
    quiet: usize,
}

/// Explores every state of the cluster, or until something does not hold.
pub fn explore(cluster: Cluster, progress: bool) -> Report {
    let began = Instant::now();
    let mut world = World::new(cluster);
    let first = world.first();
    let mut search = Search {
        world,
        states: States::default(),
        parents: vec![0],
        calm: Vec::new(),
        transitions: 0,
        quiet: 0,
    };
    search.states.insert(&first);
    let (depth, violation) = search.run(progress);
    let violation = violation.or_else(|| search.unquiet());
    Report {
        states: search.states.len(),
        transitions: search.transitions,
        depth,
        quiet: search.quiet,
        agent_states: search.world.nodes.len(),
        agent_inputs: search.world.nodes.inputs(),
        master_states: search.world.records.len(),
        messages: search.world.messages.len(),
        time: began.elapsed(),
        violation,
    }
}

impl Search {
    fn run(&mut self, progress: bool) -> (usize, Option<Violation>) {
        let mut steps: Vec<Step> = Vec::new();
        let (mut depth, mut level_end, mut at) = (0, 1, 0);
        while at < self.states.len() {
            if at == level_end {
                depth += 1;
                level_end = self.states.len();
                if progress {
                    eprintln!(
                        "depth {depth}: {} states, {} to look at; {} of agents, {} of the master",
                        self.states.len(),
                        self.states.len() - at,
                        self.world.nodes.len(),
                        self.world.records.len()
                    );
                }
            }
            let state = self.states.get(at);
            self.world.steps(&state, &mut steps);
            self.transitions += steps.len() as u64;
            for step in &mut steps {
                if let Some(what) = step.fault.take() {
                    return (depth, Some(self.violation(at, Some(step.action), what)));
                }
                let (_, is_new) = self.states.insert(&step.next);
                if is_new {
                    self.parents.push(number(at));
                }
            }
            match self.world.calm(&state, &steps) {
                Some(calm) => {
                    let (next, _) = self.states.insert(&calm.next);
                    self.calm.push(number(next));
                }
                None => {
                    self.calm.push(QUIET);
                    self.quiet += 1;
                    if !self.world.is_quiet(&state) {
                        let what = "nothing happens any more, and all is not quiet".to_owned();
                        return (depth, Some(self.violation(at, None, what)));
                    }
                    if let Some(what) = self.world.disagreement(&state) {
                        return (depth, Some(self.violation(at, None, what)));
                    }
                }
            }
            at += 1;
        }
        (depth, None)
    }

    /// A state from which the cluster does not come to rest by itself.
    fn unquiet(&mut self) -> Option<Violation> {
        // 0: not looked at; else the number of the walk that came by.
        let mut seen = vec![0_u32; self.calm.len()];
        let mut walk = 0;
        for start in 0..self.calm.len() {
            if seen[start] != 0 {
                continue;
            }
            walk += 1;
            let mut at = start;
            while seen[at] == 0 {
                seen[at] = walk;
                if self.calm[at] == QUIET {
                    break;
                }
                at = self.calm[at] as usize;
                if seen[at] == walk {
                    let what = "the cluster never comes to rest by itself".to_owned();
                    return Some(self.violation(at, None, what));
                }
            }
        }
        None
    }

    fn violation(&mut self, at: usize, last: Option<Action>, what: String) -> Violation {
        let mut way = vec![at];
        while let Some(from) = way.last().copied().filter(|from| *from != 0) {
            way.push(self.parents[from] as usize);
        }
        way.reverse();
        let mut steps = Vec::new();
        let mut taken = Vec::new();
        for pair in way.windows(2) {
            let (from, to) = (self.states.get(pair[0]), self.states.get(pair[1]));
            self.world.steps(&from, &mut taken);
            let step = taken.iter().find(|step| step.next == to);
            steps.push(told(
                &self.world,
                &from,
                step.expect("the way was found").action,
            ));
        }
        if let Some(action) = last {
            steps.push(told(&self.world, &self.states.get(at), action));
        }
        Violation { what, steps }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer states than that")
}
