//! The operations of [`LaneOps`](super::LaneOps) in plain Rust over slices.
//!
//! Activations are `[features, rows]`, and vectors run along the rows: a sum over features needs no shuffling.
//!
//! They are the CPU backend and the reference that the GPU kernels are tested against. Arithmetic is
//! written in explicit four- and eight-wide vectors without fused multiply-add, in one fixed order, so
//! the browser (wasm SIMD) and the native runner give the same bits.

pub mod attention;
pub mod embed;
pub mod history;
mod lines;
pub mod loss;
pub mod mask;
pub mod math;
pub mod matmul;
pub mod noise;
pub mod norm;
pub mod optimizer;
pub mod pack;
mod rows;
#[cfg(test)]
mod testing;
mod weight_grad;

/// The part of a lane-stacked slice that belongs to `lane`; an input stored for one lane serves all.
pub(crate) fn lane_of(data: &[f32], lane: usize, lanes_stored: usize) -> &[f32] {
    let len = data.len() / lanes_stored;
    let lane = if lanes_stored == 1 { 0 } else { lane };
    &data[lane * len..][..len]
}
