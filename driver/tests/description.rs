//! What a node tells of itself, and what it cannot tell.
#![cfg(test)]

use edgerm_driver::port::{Device, Devices};
use edgerm_driver::{DescribeError, Fact, Node, describe};
use edgerm_protocol::description::{EncodedDescription, Member};
use edgerm_protocol::limits::MAX_DESCRIPTION;
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_task_abi::{ErrorCode, Feature};

/// Sensors of these labels and kinds.
struct Sensors<'a>(&'a [(&'a str, &'a str)]);

impl Devices for Sensors<'_> {
    fn device(&self, index: usize) -> Option<Device<'_>> {
        let (label, kind) = *self.0.get(index)?;
        Some(Device {
            label,
            kind,
            class: DeviceClass::Sensor,
            access: Access::Shared,
        })
    }

    fn read(&mut self, _: usize) -> Result<i64, ErrorCode> {
        Err(ErrorCode::Io)
    }

    fn write(&mut self, _: usize, _: i64) -> Result<(), ErrorCode> {
        Err(ErrorCode::Io)
    }
}

const NODE: Node<'static> = Node {
    cpus: 1000,
    mem: 16_384,
    disk: 0,
    slots: 1,
    max_task_mem: 16_384,
    max_module: 8_192,
    restarts: false,
    os: "zephyr",
    arch: "arm",
    board: "",
    features: &[Feature::SignExt],
    attributes: &[],
};

fn names(node: &Node<'_>, sensors: &[(&str, &str)]) -> Result<Vec<String>, DescribeError> {
    let mut buffer = [0; MAX_DESCRIPTION];
    let bytes = describe(node, &Sensors(sensors), &mut buffer)?;
    let mut names = Vec::new();
    let description = EncodedDescription::new(bytes).expect("what is written can be read");
    description.for_each(|member| {
        names.push(match member {
            Member::Resource(resource) => resource.name.to_string(),
            Member::Attribute(attribute) => attribute.name.to_string(),
        });
    });
    Ok(names)
}

#[test]
fn what_is_empty_is_left_out() {
    let told = names(&NODE, &[("room", "temperature")]).unwrap();
    let expected = "cpus mem tasks room os arch supervises max_task_mem max_module executors \
                    wasm_features";
    assert_eq!(told.join(" "), expected);
    let more = Node {
        disk: 1,
        board: "nrf52840dk_nrf52840",
        restarts: true,
        attributes: &[("floor", Fact::Number(3)), ("note", Fact::Text(""))],
        ..NODE
    };
    let expected = "cpus mem tasks disk os arch board restart supervises max_task_mem max_module \
                    executors wasm_features floor";
    assert_eq!(names(&more, &[]).unwrap().join(" "), expected);
}

#[test]
fn what_a_master_would_not_understand_is_named() {
    let long = "x".repeat(65);
    type Case<'a> = (Node<'a>, &'a [(&'a str, &'a str)], DescribeError);
    let cases: [Case<'_>; 8] = [
        (NODE, &[("", "light")], DescribeError::Device(0)),
        (
            NODE,
            &[("a", "light"), ("a", "light")],
            DescribeError::Device(1),
        ),
        (NODE, &[("mem", "light")], DescribeError::Device(0)),
        (NODE, &[("a", "")], DescribeError::Device(0)),
        (
            Node {
                board: &long,
                ..NODE
            },
            &[],
            DescribeError::Text("board"),
        ),
        (
            Node {
                attributes: &[("os", Fact::Number(1))],
                ..NODE
            },
            &[],
            DescribeError::Attribute(0),
        ),
        (
            Node {
                attributes: &[("a", Fact::Number(1)), ("a", Fact::Text("b"))],
                ..NODE
            },
            &[],
            DescribeError::Attribute(1),
        ),
        (NODE, &[("a", "light"); 65], DescribeError::TooMany),
    ];
    for (node, sensors, error) in cases {
        assert_eq!(names(&node, sensors), Err(error));
    }
    let capacity = 20;
    let short = describe(&NODE, &Sensors(&[]), &mut [0; 20]).map(<[u8]>::len);
    assert_eq!(short, Err(DescribeError::TooLarge { capacity }));
}
