//! Whole runs: exact gradients, independent lanes, repeatable curves, resuming, learning.

#[path = "../common/mod.rs"]
mod common;

mod fingerprints;
mod gradients;
mod inspections;
mod language;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod presets;
mod reference;
mod runs;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
