//! What a network costs: FLOPs, parameters and packed memory, as pure functions of its sizes and patterns.
//!
//! Inference is counted as the paper counts it (arXiv 2402.04744): `2 * tokens * inputs * outputs` for every linear
//! map and `2 * tokens^2 * d_model` for each of the two attention products (windows and cross-attention: `2 * pairs * d_model`),
//! a sparse matrix at N/M of that. The paper
//! gives no formula for training; [`training`] states the lab's own.

mod network;
pub mod training;

pub use network::{Inference, NetworkCost, NetworkShape, PAPER_VIT_BASE_GFLOP, StackCost, VALUE_BITS, index_bits};
pub use training::{Meter, Spent, StepFlops};
