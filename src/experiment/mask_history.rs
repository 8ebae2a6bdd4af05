//! What became of the masks since pruning began: every lane's first mask, and the weights that ever stood inside one.

use crate::kernels::{Buffer, buffer};
use burn::tensor::{Device, Tensor};

/// Masks to measure distances from, `[lanes, parameters]`; 0 until a lane prunes.
#[derive(Clone)]
pub struct MaskHistory {
    /// The first mask.
    pub first: Buffer,
    /// 1 where a reported mask kept the weight.
    pub ever: Buffer,
}

/// One number per lane, to be multiplied with its row.
fn flags(lanes: &[bool], device: &Device) -> Tensor<2> {
    let values = lanes.iter().map(|flag| f32::from(u8::from(*flag))).collect();
    Tensor::from_dispatch(buffer::upload(values, [lanes.len(), 1], device))
}

impl MaskHistory {
    /// Of lanes that have not pruned yet.
    pub fn new(lanes: usize, parameters: usize, device: &Device) -> Self {
        let zeros = || buffer::upload(vec![0.0; lanes * parameters], [lanes, parameters], device);
        Self { first: zeros(), ever: zeros() }
    }

    /// Takes `mask` as the first one of the lanes that `begin` now.
    pub fn begin(&mut self, mask: &Buffer, begin: &[bool], device: &Device) {
        if begin.contains(&true) {
            let mask = Tensor::<2>::from_dispatch(mask.clone());
            let first = Tensor::<2>::from_dispatch(self.first.clone());
            self.first = (first.clone() + (mask - first) * flags(begin, device)).into_dispatch();
        }
    }

    /// Adds what `mask` keeps in the lanes that are `pruning`.
    pub fn include(&mut self, mask: &Buffer, pruning: &[bool], device: &Device) {
        if pruning.contains(&true) {
            let mask = Tensor::<2>::from_dispatch(mask.clone());
            let ever = Tensor::<2>::from_dispatch(self.ever.clone());
            self.ever = ever.max_pair(mask * flags(pruning, device)).into_dispatch();
        }
    }
}
