//! Copies tensors behind each other, so that one read-back brings them all: one thread per element.

use super::launch::thread;
use cubecl::prelude::*;

/// Writes the `count` elements of `part` into `all` from element `first` on.
#[cube(launch_unchecked)]
pub fn append(part: &Tensor<f32>, all: &mut Tensor<f32>, first: u32, count: u32) {
    let element = thread();
    if element < count {
        all[(first + element) as usize] = part[element as usize];
    }
}
