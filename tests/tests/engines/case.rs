//! A case: a module, a node, and what is to come of both.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use edgerm_task_abi::{
    Call, CallHandler, Feature, Function, Gate, Outcome, Permissions, StartError, Suspended,
    TaskEnd, TaskLimits, Trap,
};

use crate::host::Shared;
use crate::node::{Did, Node};
use crate::subject::Subject;

/// What a task may use where a case says nothing else: four pages and 64 elements.
pub(crate) const LIMITS: TaskLimits = TaskLimits {
    memory_bytes: 4 << 16,
    table_elements: 64,
};

/// A module, a node, and what is to come of both, in whichever engine.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) limits: TaskLimits,
    pub(crate) permissions: Permissions,
    pub(crate) node: Node,
    /// What the module uses of WASM. An engine that lacks it is to refuse the module.
    pub(crate) needs: Vec<Feature>,
    pub(crate) did: Vec<Did>,
    pub(crate) comes: Result<TaskEnd, StartError>,
}

/// A case of this name that is to exit with 0, and to have done nothing.
pub(crate) fn case(name: impl Into<String>, wasm: Vec<u8>) -> Case {
    Case {
        name: name.into(),
        wasm,
        limits: LIMITS,
        permissions: Permissions::ALL,
        node: Node::default(),
        needs: Vec::new(),
        did: Vec::new(),
        comes: Ok(TaskEnd::Exited(0)),
    }
}

impl Case {
    pub(crate) fn exits(mut self, code: i32) -> Self {
        self.comes = Ok(TaskEnd::Exited(code));
        self
    }

    pub(crate) fn traps(mut self, trap: Trap) -> Self {
        self.comes = Ok(TaskEnd::Trapped(trap));
        self
    }

    pub(crate) fn killed(mut self) -> Self {
        self.comes = Ok(TaskEnd::Killed);
        self
    }

    pub(crate) fn refused(mut self, error: StartError) -> Self {
        self.comes = Err(error);
        self
    }

    pub(crate) fn does(mut self, did: impl IntoIterator<Item = Did>) -> Self {
        self.did.extend(did);
        self
    }

    pub(crate) fn on(mut self, node: Node) -> Self {
        self.node = node;
        self
    }

    pub(crate) fn granted(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    pub(crate) fn within(mut self, limits: TaskLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn needs(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.needs.extend(features);
        self
    }

    /// Runs it in `S` and compares.
    ///
    /// # Panics
    ///
    /// Where what came of it is not what was to come.
    pub(crate) fn check<S: Subject>(&self) {
        let lacks = |feature: &Feature| !S::features().contains(feature);
        let ran = self.run::<S>();
        if self.needs.iter().any(lacks) {
            assert_eq!(ran.came, Err(StartError::Module), "{:?}", self.needs);
            return;
        }
        assert_eq!((&ran.came, &ran.did), (&self.comes, &self.did));
    }

    pub(crate) fn run<S: Subject>(&self) -> Ran {
        let node = Rc::new(RefCell::new(self.node.clone()));
        let called = Rc::default();
        let calls = Heard {
            gate: Gate::new(self.permissions, Shared::new(&node)),
            called: Rc::clone(&called),
        };
        let waited = Rc::clone(&node);
        let wait = move |suspended| waited.borrow_mut().wait(suspended);
        let came = S::run(&self.wasm, self.limits, calls, wait);
        let did = node.take().did;
        Ran {
            came,
            did,
            called: called.take(),
        }
    }
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) came: Result<TaskEnd, StartError>,
    pub(crate) did: Vec<Did>,
    /// The host functions that the task called, by their numbers.
    pub(crate) called: BTreeSet<usize>,
}

impl Ran {
    pub(crate) fn has_called(&self, function: Function) -> bool {
        self.called.contains(&(function as usize))
    }
}

/// The gate, and what passed through it.
struct Heard {
    gate: Gate<Shared>,
    called: Rc<RefCell<BTreeSet<usize>>>,
}

impl CallHandler for Heard {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        self.called.borrow_mut().insert(call.function as usize);
        self.gate.handle_call(call, memory)
    }

    fn resume(&mut self, suspended: Suspended, memory: &mut [u8]) -> Outcome {
        self.gate.resume(suspended, memory)
    }
}
