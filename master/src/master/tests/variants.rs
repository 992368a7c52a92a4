//! Nodes with less memory than a page: which agents get a module, and what they fetch.

use edgerm_protocol::api::{ModuleConstraint, Offer};
use edgerm_protocol::message::Launch;
use edgerm_protocol::owned::AttributeValue;
use edgerm_task_abi::Feature;
use sha2::{Digest, Sha256};

use super::*;
use crate::admission::{self, Admitted};
use crate::refusal::Refuse;

/// What the module needs of memory.
const NEEDED: u64 = 4112;

/// What a small node gives to one task.
const SMALL: u64 = 8192;

/// A module of one page that needs less.
fn admitted() -> Admitted {
    let text = r#"(module (memory (export "memory") 1)
        (global (mut i32) (i32.const 4096))
        (func (export "_start"))
        (data (i32.const 4096) "abc"))"#;
    let wasm = wat::parse_str(text).expect("it is well-formed");
    admission::admit(&wasm, &admission::Limits::default()).expect("it is sound")
}

/// A world of a server, a small node and a small node that gives whole pages alone.
fn world() -> (World, FrameworkId, ModuleId) {
    let mut world = World::new(3);
    let small = Feature::ALL.map(Feature::name);
    describe(&mut world, 0, &small, MEM);
    describe(&mut world, 1, &small, SMALL);
    describe(&mut world, 2, &["floats"], SMALL);
    let Admitted { wasm, id, .. } = admitted();
    let module = Module {
        id,
        size: u32::try_from(wasm.len()).unwrap(),
        memory: 65_536,
        memory_needed: NEEDED,
        permissions: Permissions::NONE,
        features: Vec::new(),
        admitted_at: world.now,
        owner: None,
    };
    let added = world.master.add_module(world.now, module, Arc::from(wasm));
    assert!(added.unwrap().1);
    let framework = world.framework("default");
    (world, framework, id)
}

/// The node boots with these attributes.
fn describe(world: &mut World, node: usize, features: &[&str], max_task_mem: u64) {
    let features = features.iter().map(|&name| name.into()).collect();
    world.redescribe(node, |description| {
        description.attributes = [
            ("wasm_features", AttributeValue::Texts(features)),
            ("max_task_mem", AttributeValue::Number(max_task_mem)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    });
}

fn offers(world: &mut World, framework: FrameworkId, module: ModuleConstraint) -> Vec<Offer> {
    let request = OfferRequest {
        framework,
        constraints: Constraints {
            module: Some(module),
            ..Constraints::default()
        },
        max: None,
        wait_ms: 0,
    };
    match world.master.request_offers(world.now, request).unwrap() {
        Answer::Ready(offers) => offers.offers,
        Answer::Waiting(_) => panic!("it was not to wait"),
    }
}

fn launch(id: u64, module: ModuleId, mem: u64) -> LaunchTask {
    let resources = TaskResources {
        cpus: 0,
        mem,
        devices: Vec::new(),
        ports: Vec::new(),
    };
    LaunchTask {
        module: Some(module),
        resources,
        ..task(id)
    }
}

/// The module and its size in the launch that the node heard last.
fn heard(world: &World, node: usize) -> (ModuleId, u32) {
    let (path, body) = world.nodes[node].heard.last().expect("it was asked");
    assert_eq!(path, path::LAUNCH);
    let launch: Launch<'_> = decode(body).unwrap();
    (launch.module, launch.module_size)
}

#[test]
fn a_module_is_offered_only_agents_that_can_run_it() {
    let (mut world, framework, id) = world();
    let mut names = |mem: Option<u64>| -> Vec<String> {
        let offers = offers(&mut world, framework, ModuleConstraint { id, mem });
        for offer in &offers {
            let none = Accept {
                framework,
                tasks: Vec::new(),
            };
            let declined = world.master.accept_offer(world.now, offer.id, &none);
            assert_eq!(declined.unwrap().tasks, []);
        }
        let mut names: Vec<_> = offers.into_iter().map(|offer| offer.agent_name).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(None), ["node-0", "node-1"]);
    assert_eq!(names(Some(NEEDED)), ["node-0", "node-1"]);
    assert_eq!(names(Some(SMALL + 1)), ["node-0"]);
    assert_eq!(names(Some(MEM + 1)), [""; 0]);

    let too_little = Some(NEEDED - 1);
    let unknown = ModuleId([8; 32]);
    for (id, mem, code, field) in [
        (id, too_little, "tooLittleMemory", "constraints.module.mem"),
        (unknown, None, "unknownModule", "constraints.module.id"),
    ] {
        let request = OfferRequest {
            framework,
            constraints: Constraints {
                module: Some(ModuleConstraint { id, mem }),
                ..Constraints::default()
            },
            max: None,
            wait_ms: 1000,
        };
        let refused = world.master.request_offers(world.now, request).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (422, code));
        assert_eq!(refused.field().as_deref(), Some(field));
    }
    assert!(world.master.waits.is_empty());
}

#[test]
fn a_task_of_little_memory_runs_the_variant() {
    let (mut world, framework, id) = world();
    let constraint = ModuleConstraint { id, mem: None };
    for offer in offers(&mut world, framework, constraint) {
        let (task, mem) = match offer.agent_name.as_str() {
            "node-0" => (1, 65_536),
            _ => (2, 5000),
        };
        world.accept(&offer, launch(task, id, mem));
    }
    let wasm = admitted().wasm;
    let size = u32::try_from(wasm.len()).unwrap();
    assert_eq!(heard(&world, 0), (id, size), "a whole page: the module");
    let expected = admission::variant(&wasm, 5000).unwrap();
    let size = u32::try_from(expected.wasm.len()).unwrap();
    assert_eq!(heard(&world, 1), (expected.id, size));

    let bytes = world.fetch(1, expected.id).unwrap();
    assert_eq!(bytes, expected.wasm);
    assert_eq!(Sha256::digest(&bytes)[..], expected.id.0);

    // People see the module that they asked for.
    let view = world.master.task(world.now, TaskId(2)).unwrap();
    assert_eq!((view.module, view.resources.mem), (Some(id), 5000));
}

#[test]
fn what_does_not_fit_is_refused_with_what_would() {
    let (mut world, framework, id) = world();
    let mut offers = world.offers(framework, 3);
    offers.sort_by(|a, b| a.agent_name.cmp(&b.agent_name));
    let refused = |world: &mut World, node: usize, mem| {
        let accept = Accept {
            framework,
            tasks: vec![launch(1, id, mem)],
        };
        let offer = offers[node].id;
        let error = world.master.accept_offer(world.now, offer, &accept);
        let error = error.unwrap_err();
        (error.code(), error.field().unwrap(), error.to_string())
    };
    let field = "tasks[0].resources.mem".to_owned();
    let cases = [
        (
            0,
            NEEDED - 1,
            "tooLittleMemory",
            "4111 bytes of mem are less than the 4112 that the module needs",
        ),
        (
            1,
            SMALL + 1,
            "tooMuchMemory",
            "8193 bytes of mem are more than the 8192 that the agent gives to one task",
        ),
        (
            2,
            NEEDED,
            "missingFeature",
            "4112 bytes of mem are less than the 65536 that the module starts with, and the \
             agent's engine has no custom-page-sizes",
        ),
    ];
    for (node, mem, code, message) in cases {
        let (told_code, told_field, told) = refused(&mut world, node, mem);
        assert_eq!((told_code, &told_field), (code, &field));
        assert!(told.contains(message), "{message:?} is not in {told:?}");
    }
}

#[test]
fn the_feature_is_called_as_engines_call_it() {
    assert_eq!(api::CUSTOM_PAGE_SIZES, Feature::CustomPageSizes.name());
}
