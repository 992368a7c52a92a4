//! Standard names: of attributes, and of what sensors measure and actuators move.
//!
//! Nothing enforces them. Without them no framework would find its sensor on somebody else's
//! node. `docs/resources.md` says the same to people; a test compares the two.

use crate::resource::DeviceClass;

/// Standard names of attributes.
pub mod attributes {
    /// Operating system, in lower case: `linux`, `zephyr`.
    pub const OS: &str = "os";
    /// Processor architecture, as Rust names it: `x86_64`, `aarch64`, `arm`.
    pub const ARCH: &str = "arch";
    /// Board, as Zephyr names it: `nrf52840dk_nrf52840`.
    pub const BOARD: &str = "board";
    /// What runs tasks here, a list of [`super::WASM`] and [`super::DOCKER`].
    pub const EXECUTORS: &str = "executors";
    /// WASM features of the engine beyond the first version, a list.
    pub const WASM_FEATURES: &str = "wasm_features";
    /// Bytes of memory that one task may have.
    pub const MAX_TASK_MEM: &str = "max_task_mem";
    /// Bytes that a module may have.
    pub const MAX_MODULE: &str = "max_module";
    /// When a task that is to be started again is: [`super::AFTER_REBOOT`].
    pub const RESTART: &str = "restart";
    /// What the agent does for its tasks by itself: [`super::TASKS`].
    pub const SUPERVISES: &str = "supervises";
    /// Domain name under which the agent is reached from everywhere.
    pub const DOMAIN: &str = "domain";
    /// Where the agent is, as a geo URI (RFC 5870).
    pub const LOCATION: &str = "location";

    /// All of them.
    pub const ALL: [&str; 11] = [
        OS,
        ARCH,
        BOARD,
        EXECUTORS,
        WASM_FEATURES,
        MAX_TASK_MEM,
        MAX_MODULE,
        RESTART,
        SUPERVISES,
        DOMAIN,
        LOCATION,
    ];
}

/// In [`attributes::RESTART`]: after the node, or the agent, has started again.
pub const AFTER_REBOOT: &str = "reboot";

/// In [`attributes::SUPERVISES`]: it ends tasks at their deadline or when they show no sign of life,
/// and starts those again that failed, where they say so.
pub const TASKS: &str = "tasks";

/// In [`attributes::EXECUTORS`]: it runs WASM modules.
pub const WASM: &str = "wasm";

/// In [`attributes::EXECUTORS`]: it runs containers.
pub const DOCKER: &str = "docker";

/// What a device measures or moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its standard name.
    pub name: &'static str,
    /// Which way such a device works.
    pub class: DeviceClass,
    /// The unit, as people write it. A device's value is an integer in millionths of it.
    pub unit: &'static str,
}

const fn sensor(name: &'static str, unit: &'static str) -> Kind {
    Kind {
        name,
        class: DeviceClass::Sensor,
        unit,
    }
}

const fn actuator(name: &'static str, unit: &'static str) -> Kind {
    Kind {
        name,
        class: DeviceClass::Actuator,
        unit,
    }
}

/// Every standard kind. Units of sensors are those of Zephyr's channels (`sensor.h`).
pub const KINDS: [Kind; 25] = [
    sensor("temperature", "°C"),
    sensor("die_temperature", "°C"),
    sensor("humidity", "%"),
    sensor("pressure", "kPa"),
    sensor("light", "lx"),
    sensor("co2", "ppm"),
    sensor("voc", "ppb"),
    sensor("pm2_5", "µg/m³"),
    sensor("distance", "m"),
    sensor("proximity", "1"),
    sensor("acceleration_x", "m/s²"),
    sensor("acceleration_y", "m/s²"),
    sensor("acceleration_z", "m/s²"),
    sensor("rotation", "°"),
    sensor("speed", "rpm"),
    sensor("voltage", "V"),
    sensor("current", "A"),
    sensor("power", "W"),
    sensor("charge", "%"),
    actuator("led", "%"),
    actuator("relay", "1"),
    actuator("valve", "%"),
    actuator("servo", "°"),
    actuator("motor", "%"),
    actuator("buzzer", "Hz"),
];

/// The standard kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
