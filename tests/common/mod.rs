//! Devices and helpers shared by the suites. The same test bodies run natively and in the browser.

#![allow(dead_code, reason = "each suite uses its part")]

use burn::tensor::Device;
use nmflow::kernels::{Buffer, buffer};
use nmflow::random::Stream;

/// The CPU backend, which is also the reference.
pub fn cpu() -> Device {
    Device::flex()
}

/// The GPU backend, or why there is none. One device serves a whole test binary or page.
///
/// # Panics
/// When `NMFLOW_REQUIRE_GPU=1` is set and there is no adapter: a missing GPU must not pass for a tested one.
pub async fn gpu() -> Option<Device> {
    match nmflow::device::gpu().await {
        Ok(gpu) => Some(gpu.device),
        Err(reason) => {
            assert!(!gpu_required(), "a GPU is required here: {reason}");
            report_skip(&format!("skipped: no GPU: {reason}"));
            None
        }
    }
}

/// Says that a test was skipped; the summary of `npm test` counts these lines.
#[cfg(not(target_arch = "wasm32"))]
fn report_skip(line: &str) {
    println!("{line}");
}

/// Says that a test was skipped; a page has no standard output.
#[cfg(target_arch = "wasm32")]
fn report_skip(line: &str) {
    wasm_bindgen_test::console_log!("{line}");
}

/// Whether a missing GPU is a failure. A page has no environment, so there it is read at build time.
fn gpu_required() -> bool {
    if cfg!(target_arch = "wasm32") {
        option_env!("NMFLOW_REQUIRE_GPU") == Some("1")
    } else {
        std::env::var("NMFLOW_REQUIRE_GPU").is_ok_and(|value| value == "1")
    }
}

/// Runs an async test body to its end on native targets.
#[cfg(not(target_arch = "wasm32"))]
pub fn run(body: impl Future<Output = ()>) {
    pollster::block_on(body);
}

/// Declares tests that run natively and, as `wasm_bindgen_test`s, in the browser.
#[macro_export]
macro_rules! tests {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)*) => {$(
        $(#[$meta])*
        #[cfg(not(target_arch = "wasm32"))]
        #[test]
        fn $name() {
            $crate::common::run(async $body);
        }

        $(#[$meta])*
        #[cfg(target_arch = "wasm32")]
        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn $name() $body
    )*};
}

/// Normal numbers from a named stream.
pub fn normals(len: usize, purpose: &str) -> Vec<f32> {
    let mut stream = Stream::new(11, purpose, 0);
    (0..len).map(|_| stream.normal()).collect()
}

/// A tensor of normal numbers.
pub fn random(shape: &[usize], purpose: &str, device: &Device) -> Buffer {
    buffer::upload(normals(shape.iter().product(), purpose), shape, device)
}

/// Values of a tensor.
pub async fn values(buffer: Buffer) -> Vec<f32> {
    buffer::read(buffer).await.expect("the device answers")
}

/// Asserts that two results agree to `tolerance`, relative to the larger of 1 and the expected magnitude.
pub fn assert_near(ours: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}: length");
    for (i, (a, b)) in ours.iter().zip(expected).enumerate() {
        let error = (a - b).abs();
        assert!(error <= tolerance * b.abs().max(1.0), "{what}: element {i} is {a}, expected {b}");
    }
}
