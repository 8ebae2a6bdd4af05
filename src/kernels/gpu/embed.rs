//! Token ids as the columns that an embedding multiplies: one thread per result.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// `ids` `[lanes, rows] -> [lanes, width, rows]`, 1 at the feature that the id names and 0 elsewhere; `outputs` is
/// `width * rows`.
#[cube(launch_unchecked)]
pub fn one_hot(ids: &Tensor<f32>, columns: &mut Tensor<f32>, rows: u32, outputs: u32) {
    let (out, lane) = (thread(), lane());
    if out < outputs {
        let id = u32::cast_from(ids[(lane * rows + out % rows) as usize]);
        columns[(lane * outputs + out) as usize] = select(id == out / rows, 1.0f32, 0.0f32);
    }
}
