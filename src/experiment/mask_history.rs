//! What became of the masks since pruning began: every lane's first mask, and the weights that ever stood inside one.

use burn::backend::Dispatch;
use burn::tensor::Device;

use crate::kernels::cpu::history::{decode, encode};
use crate::kernels::{Buffer, LaneOps, buffer};

/// Masks to measure distances from, as codes `[lanes, parameters]`; 0 until a lane prunes.
#[derive(Clone)]
pub struct MaskHistory(pub Buffer);

impl MaskHistory {
    /// Of lanes that have not pruned yet.
    pub fn new(lanes: usize, parameters: usize, device: &Device) -> Self {
        Self::of(&vec![0.0; lanes * parameters], &vec![0.0; lanes * parameters], lanes, device)
    }

    /// From the first masks and the weights ever kept, both `[lanes, parameters]`, as [`split`] gives them.
    pub fn of(first: &[f32], ever: &[f32], lanes: usize, device: &Device) -> Self {
        let codes: Vec<f32> = first.iter().zip(ever).map(|(first, ever)| encode(*first, *ever)).collect();
        let parameters = codes.len() / lanes;
        Self(buffer::upload(codes, [lanes, parameters], device))
    }

    /// Takes `mask` as the first one of the lanes that `begin` now, and adds what it keeps in the lanes of which it is
    /// `reported`.
    pub fn remember(&mut self, mask: &Buffer, begin: &[bool], reported: &[bool], device: &Device) {
        if begin.contains(&true) || reported.contains(&true) {
            let flag = |set: &bool| f32::from(u8::from(*set));
            let events = begin.iter().zip(reported).flat_map(|(begin, reported)| [flag(begin), flag(reported)]);
            let events = buffer::upload(events.collect(), [begin.len(), 2], device);
            self.0 = Dispatch::remember_masks(&self.0, mask, &events);
        }
    }
}

/// First masks and weights ever kept, from the codes of a history.
pub fn split(codes: &[f32]) -> (Vec<f32>, Vec<f32>) {
    codes.iter().copied().map(decode).unzip()
}
