//! Launch geometry shared by all kernels: x = threads of a lane, y = lane, z = overflow of x.

use cubecl::prelude::*;

/// Threads per workgroup.
pub const WORKGROUP: u32 = 64;
/// Workgroups per dimension that every WebGPU adapter accepts.
const MAX_WORKGROUPS: u32 = 65_535;

/// Workgroups for `threads` threads in each of `lanes` lanes; x spills into z beyond the WebGPU limit.
pub fn per_lane(threads: usize, lanes: usize) -> (CubeCount, CubeDim) {
    let groups = u32::try_from(threads).expect("a lane has fewer than 2^32 threads").div_ceil(WORKGROUP).max(1);
    let z = groups.div_ceil(MAX_WORKGROUPS);
    let lanes = u32::try_from(lanes).expect("lanes are few");
    (CubeCount::Static(groups.div_ceil(z), lanes, z), CubeDim::new_1d(WORKGROUP))
}

/// Index of this thread within its lane, for kernels launched by [`per_lane`].
#[cube]
pub fn thread() -> u32 {
    CUBE_POS_Z * CUBE_COUNT_X * CUBE_DIM_X + ABSOLUTE_POS_X
}

/// Lane of this thread, for kernels launched by [`per_lane`].
#[cube]
pub fn lane() -> u32 {
    CUBE_POS_Y
}
