//! Every GPU kernel against the CPU operation of the same name, on the real device.

#[path = "../common/mod.rs"]
mod common;

mod golden;
mod launch;
mod masks;
mod network;
mod optimizer;
mod packed;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
