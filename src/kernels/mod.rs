//! The arithmetic of one training step, lane-stacked: every operation serves all lanes at once.
//!
//! Data layout shared by all operations:
//! * parameters, gradients and optimizer moments are flat, `[lanes, parameters]`; an operation finds
//!   its matrix through a geometry value ([`Affine`], [`Norm`]) instead of a tensor of its own, so one
//!   optimizer pass serves every parameter of every lane;
//! * activations are feature-major, `[lanes, features, rows]` with `rows = batch * tokens`, so that the rows
//!   which a packed weight multiplies lie side by side; an input whose lane axis is 1 is shared by all lanes;
//! * every number of features and of rows is a multiple of [`ALIGN`], so kernels move whole four-wide vectors.
//!
//! [`LaneOps`] is the one list of operations. The module `cpu` holds them in plain Rust over slices
//! and `gpu` as CubeCL kernels of the same names; `flex` and `cube` bind the two to Burn's backends.
//! Nothing here knows recipes: the per-step numbers arrive in the plan tensor (see [`plan`]).

mod backend;
pub mod buffer;
pub mod cpu;
mod cube;
mod flex;
mod geometry;
pub mod gpu;
pub mod packed;
pub mod plan;
mod products;

pub use backend::LaneOps;
/// While it lives, launches on a GPU are compiled and dropped, whatever thread makes them.
pub use cubecl::dry_run::DryRun as CompileOnly;
pub use geometry::{
    ALIGN, Affine, AttentionSpan, HeadShape, MaskGrid, Norm, PackGrid, PackedAt, PrunableMatrix, Segment, SegmentKind,
};
pub use packed::{PackedLanes, Weights};
pub use products::{Products, Tile};

/// A float tensor on whichever device the run uses; shapes are stated where values are made.
pub type Buffer = burn::backend::tensor::FloatTensor<burn::backend::Dispatch>;
