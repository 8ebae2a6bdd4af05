//! The network: a lane-stacked vision transformer with a hand-written backward pass.
//!
//! Reading order is data flow: `patches` turns images into token rows, `transformer` runs them through the
//! blocks (`block`) to class scores and back, `layout` says where every tensor lives in the flat
//! parameters, `init` fills them. Sparsity is invisible here: the forward pass reads masked weights.

mod block;
mod init;
mod layout;
mod patches;
mod transformer;

pub use init::initial_params;
pub use layout::{Architecture, NamedTensor, ParamLayout};
pub use patches::PatchGrid;
pub use transformer::{Tape, VisionTransformer};
