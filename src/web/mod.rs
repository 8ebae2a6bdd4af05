//! The lab behind the page: the only module that names `wasm_bindgen`.
//!
//! `protocol` is the list of messages between the page and its training worker, from which the page's
//! types are generated; `curves` prepares what a schedule plot shows, `figure` what a teaching figure shows; `lab`
//! answers the messages, `training` trains in between, `keeping` serves what outlives a run, `noise` measures on demand, `events` puts runs into
//! words; `study` plans and reads studies; `timing` times single kernels, `bench` is what `npm run bench` times.

#[cfg(target_arch = "wasm32")]
mod bench;
pub mod curves;
#[cfg(target_arch = "wasm32")]
mod events;
pub mod figure;
#[cfg(target_arch = "wasm32")]
mod keeping;
#[cfg(target_arch = "wasm32")]
mod lab;
#[cfg(target_arch = "wasm32")]
mod noise;
pub mod protocol;
pub mod study;
pub mod timing;
#[cfg(target_arch = "wasm32")]
mod training;

#[cfg(target_arch = "wasm32")]
pub use bench::{KernelBench, TrainingBench};
#[cfg(target_arch = "wasm32")]
pub use lab::Lab;
