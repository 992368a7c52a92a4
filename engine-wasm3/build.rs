//! Compiles wasm3 with our settings, where nobody else does.
//!
//! The source comes from the folder that `EDGERM_WASM3_SOURCE` names or else out of the package
//! `wasm3x-sys`, which cargo fetches as it does every dependency; nothing else of that crate is
//! used. What is compiled is `shim/edgerm_wasm3.c`, which includes wasm3.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const CRATE: &str = "wasm3x-sys";
const VARIABLE: &str = "EDGERM_WASM3_SOURCE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    if env::var_os("CARGO_FEATURE_EXTERNAL_C").is_some() {
        return;
    }
    let compiled = source().and_then(|source| compile(&source));
    if let Err(error) = compiled {
        println!("cargo::error={error}");
    }
}

fn compile(source: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", source.display());
    let mut build = cc::Build::new();
    let floats = env::var_os("CARGO_FEATURE_FLOATS").is_some();
    let device = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none");
    build
        .file("shim/edgerm_wasm3.c")
        .include(source)
        .std("gnu11")
        // At all times: without tail calls each instruction of a task keeps a frame.
        .opt_level_str(if device { "s" } else { "2" })
        .flag("-fno-strict-aliasing")
        .flag_if_supported("-fomit-frame-pointer")
        .define("EDGERM_WASM3_FLOATS", if floats { "1" } else { "0" })
        // Its warnings are for its authors.
        .warnings(false);
    if device {
        build.define("EDGERM_WASM3_ONE_THREAD", None);
    }
    build
        .try_compile("edgerm_wasm3")
        .map_err(|error| format!("wasm3 needs a C compiler such as gcc: {error}"))
}

/// The folder of `wasm3.h`.
fn source() -> Result<PathBuf, String> {
    let (source, origin) = match env::var_os(VARIABLE) {
        Some(source) => (PathBuf::from(source), VARIABLE),
        None => (package()?.join("wasm3/source"), CRATE),
    };
    if source.join("wasm3.h").is_file() {
        return Ok(source);
    }
    Err(format!(
        "{}, from {origin}, has no wasm3.h",
        source.display()
    ))
}

/// Where cargo has unpacked the package.
fn package() -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").ok_or("cargo did not say where it is")?;
    let asked = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output();
    let told = asked.map_err(|error| format!("cargo metadata: {error}"))?;
    if !told.status.success() {
        return Err(format!(
            "cargo metadata failed, so {CRATE} is not found; set {VARIABLE} to a folder that \
             holds wasm3.h, or run cargo fetch: {}",
            String::from_utf8_lossy(&told.stderr).replace('\n', " ")
        ));
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&told.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .find(|package| package["name"] == CRATE)
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or_else(|| format!("cargo metadata does not list {CRATE}"))?;
    let folder = Path::new(manifest).parent();
    folder
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{manifest} is in no folder"))
}
