//! Validation, and which features a module uses.

use edgerm_task_abi::Feature;
use wasmparser::{Validator, WasmFeatures};

use super::refusal::{Refusal, Rule};

/// The first bytes of every module and component.
const MAGIC: &[u8] = b"\0asm";

/// The first bytes of a component: layer 1 of the binary format, in place of a version.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The first byte of every vector instruction, which this parser is built without.
const SIMD_PREFIX: u8 = 0xfd;

/// Validates with what engines here have.
pub(super) fn validate(wasm: &[u8]) -> Result<(), Refusal> {
    if !wasm.starts_with(MAGIC) {
        return Err(Rule::NotWasm.at(0));
    }
    if wasm.starts_with(COMPONENT) {
        return Err(Rule::Component.at(MAGIC.len()));
    }
    let admitted = Feature::ALL
        .into_iter()
        .fold(MVP, |features, feature| features | flag(feature));
    Validator::new_with_features(admitted)
        .validate_all(wasm)
        .map(drop)
        .map_err(|error| {
            let message = error.message().to_owned();
            let is_simd = wasm.get(error.offset()) == Some(&SIMD_PREFIX);
            let rule = if is_simd || is_valid(wasm, WasmFeatures::all()) {
                Rule::UnsupportedFeature(message)
            } else {
                Rule::Invalid(message)
            };
            rule.at(error.offset())
        })
}

/// The features without which a valid module would not be.
pub(super) fn used_by(wasm: &[u8]) -> Vec<Feature> {
    if is_valid(wasm, MVP) {
        return Vec::new();
    }
    let all = Feature::ALL.into_iter();
    let without = |left_out| {
        let others = Feature::ALL
            .into_iter()
            .filter(|feature| *feature != left_out);
        others.fold(MVP, |features, feature| features | flag(feature))
    };
    all.filter(|feature| !is_valid(wasm, without(*feature)))
        .collect()
}

/// The first version of WASM, without floats.
const MVP: WasmFeatures = WasmFeatures::empty();

const fn flag(feature: Feature) -> WasmFeatures {
    match feature {
        Feature::Floats => WasmFeatures::FLOATS,
        Feature::MutableGlobals => WasmFeatures::MUTABLE_GLOBAL,
        Feature::SignExt => WasmFeatures::SIGN_EXTENSION,
        Feature::NontrappingFptoint => WasmFeatures::SATURATING_FLOAT_TO_INT,
        Feature::BulkMemory => WasmFeatures::BULK_MEMORY,
        Feature::Multivalue => WasmFeatures::MULTI_VALUE,
        Feature::ReferenceTypes => WasmFeatures::REFERENCE_TYPES,
        Feature::CustomPageSizes => WasmFeatures::CUSTOM_PAGE_SIZES,
    }
}

fn is_valid(wasm: &[u8], features: WasmFeatures) -> bool {
    Validator::new_with_features(features)
        .validate_all(wasm)
        .is_ok()
}
