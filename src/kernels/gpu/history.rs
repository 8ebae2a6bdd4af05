//! What is remembered of the masks of a run: one thread per four weights.

use super::launch::{lane, thread};
use crate::kernels::cpu::history::{EVER, FIRST};
use cubecl::prelude::*;

/// `(first, ever)` of four codes, each 0 or 1.
#[cube]
pub fn decode<N: Size>(code: Vector<f32, N>) -> (Vector<f32, N>, Vector<f32, N>) {
    let kept = code.greater_equal(&Vector::new(EVER));
    let ever = select_many(kept, Vector::<f32, N>::new(1.0f32), Vector::new(0.0f32));
    (code - Vector::new(EVER) * ever, ever)
}

/// Adds what `mask` keeps to the history of every lane, as `events` `[lanes, 2]` says: to the first mask, to what was
/// ever kept.
#[cube(launch_unchecked)]
pub fn remember_masks<N: Size>(
    history: &Tensor<Vector<f32, N>>,
    mask: &Tensor<Vector<f32, N>>,
    events: &Tensor<f32>,
    remembered: &mut Tensor<Vector<f32, N>>,
    vectors: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < vectors {
        let at = (lane * vectors + thread) as usize;
        let (first, ever) = decode::<N>(history[at]);
        let kept = mask[at];
        let first = max(first, kept * Vector::new(events[(lane * 2) as usize]));
        let ever = max(ever, kept * Vector::new(events[(lane * 2 + 1) as usize]));
        remembered[at] = Vector::new(FIRST) * first + Vector::new(EVER) * ever;
    }
}
