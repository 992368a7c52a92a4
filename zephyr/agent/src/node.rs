//! What the node tells of itself.

use alloc::vec::Vec;

use edgerm_driver::port::Records as _;
use edgerm_driver::{DescribeError, Fact, Node, describe};
use edgerm_protocol::limits::{MAX_ATTRIBUTES, MAX_DESCRIPTION};
use edgerm_task_abi::Feature;
use edgerm_zephyr_rtos::thread::SLOTS;
use edgerm_zephyr_rtos::{node, random, registry};

use crate::config;
use crate::ports::{Devices, Records};

/// A core, in thousandths.
const CORE: u64 = 1000;

/// Bytes that are tried first: enough for a node with a few devices.
const USUAL: usize = 512;

/// What tells a node whose entropy is none.
const ENTROPY: (&str, Fact<'_>) = ("entropy", Fact::Text("test"));

/// The node and its devices, encoded.
///
/// # Errors
///
/// [`DescribeError`], by what the master would not understand.
#[inline(never)]
pub(crate) fn description(devices: &Devices, max_module: u32) -> Result<Vec<u8>, DescribeError> {
    let mut features = heapless::Vec::<Feature, { Feature::ALL.len() }>::new();
    features.extend(edgerm_engine_wasm3::features());
    let mut attributes = heapless::Vec::<_, { MAX_ATTRIBUTES }>::new();
    let own = registry::attributes().map(|attribute| {
        let number = Fact::Number(attribute.number);
        (attribute.name, attribute.text.map_or(number, Fact::Text))
    });
    let entropy = random::is_for_tests().then_some(ENTROPY);
    for attribute in entropy.into_iter().chain(own) {
        attributes
            .push(attribute)
            .map_err(|_| DescribeError::TooMany)?;
    }
    let node = Node {
        cpus: CORE,
        mem: SLOTS as u64 * u64::from(config::TASK_MEMORY),
        disk: 0,
        slots: SLOTS,
        max_task_mem: config::TASK_MEMORY,
        max_module,
        restarts: Records::KEPT,
        os: "zephyr",
        arch: ARCH,
        board: node::board(),
        features: &features,
        attributes: &attributes,
    };
    let mut capacity = USUAL;
    loop {
        let mut buffer = alloc::vec![0; capacity];
        match describe(&node, devices, &mut buffer) {
            Err(DescribeError::TooLarge { .. }) if capacity < MAX_DESCRIPTION => capacity *= 2,
            Err(error) => return Err(error),
            Ok(written) => {
                let length = written.len();
                buffer.truncate(length);
                return Ok(buffer);
            }
        }
    }
}

/// The processor, as Rust names it.
const ARCH: &str = if cfg!(target_arch = "arm") {
    "arm"
} else if cfg!(target_arch = "riscv32") {
    "riscv32"
} else if cfg!(target_arch = "riscv64") {
    "riscv64"
} else if cfg!(target_arch = "aarch64") {
    "aarch64"
} else if cfg!(target_arch = "x86_64") {
    "x86_64"
} else {
    "x86"
};
