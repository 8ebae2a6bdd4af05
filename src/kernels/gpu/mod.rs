//! The operations of [`LaneOps`](super::LaneOps) as CubeCL kernels, named as in [`cpu`](super::cpu).
//!
//! No kernel uses subgroups or atomics: each thread owns its outputs, so a run gives the same bits every time on one
//! device. Only the module `shared` uses workgroup memory and barriers, which software adapters run as coroutines. Every kernel binds at most seven storage buffers.
#![allow(
    missing_docs,
    clippy::manual_div_ceil,
    clippy::manual_is_multiple_of,
    clippy::manual_midpoint,
    clippy::trivially_copy_pass_by_ref,
    clippy::unreadable_literal,
    reason = "`#[cube]` expands into items of its own and reads only part of the language"
)]

pub mod affine;
pub mod append;
pub mod attention;
pub mod backward;
pub mod embed;
pub mod forward;
mod gelu;
pub mod history;
pub mod launch;
pub mod loss;
pub mod mask;
pub mod noise;
pub mod norm;
pub mod optimizer;
pub mod pack;
pub mod pool;
pub mod shared;
