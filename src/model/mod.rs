//! The network: a lane-stacked transformer with a hand-written backward pass.
//!
//! Reading order is data flow: `architecture` says what a network reads and writes and of which stacks it is made,
//! `patches` turns images into token rows, `transformer` runs tokens through the blocks (`block`, `cross`) to scores and
//! back, `layout` says where every tensor lives in the flat parameters, `init` fills them. Sparsity is invisible
//! here: the forward pass reads masked weights.

mod architecture;
mod block;
mod cross;
mod init;
mod layout;
mod patches;
mod transformer;

pub use architecture::{Architecture, Entrance, Form, StackShape, TextShape};
pub use init::initial_params;
pub use layout::{NamedTensor, ParamLayout};
pub use patches::PatchGrid;
pub use transformer::{Tape, Transformer};
