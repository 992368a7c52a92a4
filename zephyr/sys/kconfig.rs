//! Kconfig as Rust's `cfg`: the build script of the crates above this one.

/// Parts of the agent that Kconfig may leave out.
const OPTIONS: [&str; 8] = [
    "CONFIG_EDGERM_ACTUATORS",
    "CONFIG_EDGERM_DIAGNOSTICS",
    "CONFIG_EDGERM_RECORDS",
    "CONFIG_EDGERM_SECURITY_CREDENTIAL",
    "CONFIG_EDGERM_SECURITY_SETTINGS",
    "CONFIG_EDGERM_SENSORS",
    "CONFIG_EDGERM_SOCKETS",
    "CONFIG_EDGERM_WATCHDOG",
];

/// Sets a `cfg` for each option that is `y`.
fn main() {
    let told = std::env::var("DEP_EDGERM_ZEPHYR_AUTOCONF");
    let path = told.expect("edgerm-zephyr-sys tells where the image's Kconfig is");
    println!("cargo::rerun-if-changed={path}");
    let autoconf = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for option in OPTIONS {
        println!("cargo::rustc-check-cfg=cfg({option})");
        if autoconf
            .lines()
            .any(|line| line == format!("#define {option} 1"))
        {
            println!("cargo::rustc-cfg={option}");
        }
    }
}
