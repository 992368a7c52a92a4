//! Asks bindgen for what `src/wrapper.h` declares, with the flags of the image's own C, as
//! `cmake/rust.cmake` tells them:
//!
//! | variable | names |
//! |---|---|
//! | `EDGERM_ZEPHYR_FLAGS` | a file with a flag of the C compiler a line |
//! | `EDGERM_ZEPHYR_AUTOCONF` | the header with the image's Kconfig |
//! | `EDGERM_ZEPHYR_GLUE` | a folder for `static_functions.c`, which the image compiles |

use std::env;
use std::fs;
use std::path::PathBuf;

/// Functions, by regular expressions.
const FUNCTIONS: &[&str] = &[
    "edgerm_.*",
    "flash_area_(align|erase|read|write)",
    "gpio_(is_ready_dt|pin_configure_dt|pin_set_dt)",
    "k_heap_(aligned_alloc|free)",
    "k_sem_(init|give|take|reset)",
    "k_uptime_get",
    "sensor_(sample_fetch_chan|channel_get)",
    "net_context_(connect|get|put|recv|send)",
    "net_pkt_(read|remaining_data|unref)",
    "zsock_(close|connect|poll|recv|send|socket)",
];

/// Types whose constants are used, and which no function names.
const TYPES: &[&str] = &["net_ip_protocol", "net_sock_type"];

const VARIABLES: &[&str] = &[
    "CONFIG_EDGERM_.*",
    "EDGERM_LOG_LEVEL",
    "edgerm_.*",
    "E(AGAIN|INVAL|NOBUFS|NOENT|NOMEM|NOSPC|NOTSUP|EXIST|ALREADY|IO)",
    "ZSOCK_(POLLIN|MSG_DONTWAIT)",
    "GPIO_OUTPUT_INACTIVE",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/wrapper.h");
    if let Err(error) = generate() {
        println!("cargo::error={error}");
    }
}

fn generate() -> Result<(), String> {
    let flags = variable("EDGERM_ZEPHYR_FLAGS")?;
    let autoconf = variable("EDGERM_ZEPHYR_AUTOCONF")?;
    let functions = PathBuf::from(variable("EDGERM_ZEPHYR_GLUE")?).join("static_functions.c");
    println!("cargo::metadata=autoconf={autoconf}");
    for read in [&flags, &autoconf] {
        println!("cargo::rerun-if-changed={read}");
    }
    println!("cargo::rerun-if-changed={}", functions.display());

    let told = fs::read_to_string(&flags).map_err(|error| format!("{flags}: {error}"))?;
    // The image compiles what includes it, in another folder.
    let header = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("src/wrapper.h");
    let bindings = bindgen::builder()
        .header(header.to_string_lossy())
        .clang_args(clang_arguments(&told))
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_type(TYPES.join("|"))
        .allowlist_var(VARIABLES.join("|"))
        .use_core()
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .wrap_unsafe_ops(true)
        .layout_tests(true)
        .wrap_static_fns(true)
        .wrap_static_fns_path(&functions)
        .parse_callbacks(Box::new(Dependencies))
        .generate()
        .map_err(|error| format!("bindgen: {error}"))?;
    let out = PathBuf::from(variable("OUT_DIR")?).join("bindings.rs");
    bindings
        .write_to_file(&out)
        .map_err(|error| format!("{}: {error}", out.display()))
}

fn variable(name: &str) -> Result<String, String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).map_err(|_| format!("{name} is not set: this crate is built by Zephyr's CMake"))
}

/// Those of gcc's flags that tell what C means; the processor is told as clang names it.
fn clang_arguments(told: &str) -> Vec<String> {
    let mut lines = told.lines().filter(|line| !line.is_empty());
    let mut arguments = vec!["-fno-short-enums".to_owned()];
    if let Ok(target) = env::var("TARGET") {
        let short_enums = target.starts_with("thumb");
        arguments[0] = if short_enums {
            "-fshort-enums"
        } else {
            "-fno-short-enums"
        }
        .to_owned();
        arguments.push(format!("--target={}", clang_target(&target)));
    }
    while let Some(line) = lines.next() {
        match line {
            "-imacros" | "-include" | "-isystem" | "-I" => {
                arguments.push(line.to_owned());
                arguments.extend(lines.next().map(str::to_owned));
            }
            _ if is_wanted(line) => arguments.push(line.to_owned()),
            _ => {}
        }
    }
    arguments
}

/// Clang's name for Rust's target: Rust tells a RISC-V's extensions there, clang elsewhere. Types
/// do not depend on them.
fn clang_target(target: &str) -> String {
    match target.split_once('-') {
        Some((arch, rest)) if arch.starts_with("riscv32") => format!("riscv32-{rest}"),
        Some((arch, rest)) if arch.starts_with("riscv64") => format!("riscv64-{rest}"),
        Some(_) | None => target.to_owned(),
    }
}

fn is_wanted(flag: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "-D",
        "-U",
        "-I",
        "-isystem",
        "-imacros",
        "-std=",
        "-nostdinc",
    ];
    BEGINNINGS.iter().any(|begin| flag.starts_with(begin))
        || ["-m32", "-m64", "-fshort-enums", "-fno-short-enums"].contains(&flag)
}

/// Headers of the image that are made anew where they change.
#[derive(Debug)]
struct Dependencies;

impl bindgen::callbacks::ParseCallbacks for Dependencies {
    fn include_file(&self, file: &str) {
        println!("cargo::rerun-if-changed={file}");
    }
}
