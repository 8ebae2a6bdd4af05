//! From tensors and geometry values to kernel arguments and grids.

use burn::backend::{DType, TensorMetadata};
use burn_cubecl::{ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use cubecl::prelude::*;

use crate::kernels::{
    ALIGN, Affine, Norm, Tile,
    gpu::{
        self,
        affine::{AffineArgLaunch, Forms, LINE_ROWS, TILE_ROWS},
        backward::{GRAD_INPUTS, kept_threads},
        launch::{WORKGROUP, per_lane},
        norm::NormArgLaunch,
        shared::{GROUP_ROWS, SIDE},
    },
};

type F = CubeTensor;

/// Floats of a packed entry.
pub const PAIR: usize = 2;

pub fn dims(tensor: &F) -> Vec<usize> {
    tensor.shape().as_slice().to_vec()
}

pub fn word(value: usize) -> u32 {
    u32::try_from(value).expect("lane tensors have fewer than 2^32 elements")
}

/// An uninitialised tensor on the device of `like`; the kernel that follows writes what is read of it.
pub fn empty(like: &F, shape: &[usize]) -> F {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

pub fn arg(tensor: &F) -> TensorArg {
    tensor.clone().into_tensor_arg()
}

/// Elements between lanes, 0 for an input that all lanes share.
pub fn lane_stride(tensor: &F) -> usize {
    let shape = dims(tensor);
    if shape[0] == 1 { 0 } else { shape[1..].iter().product() }
}

/// One affine map on the device: geometry in four-wide vectors, and how many threads its products take.
pub struct AffineGrid {
    pub lanes: usize,
    rows: usize,
    at: Affine,
    x_lane: usize,
    weights_lane: usize,
    packed_lane: usize,
    line: usize,
}

impl AffineGrid {
    pub fn new(x: &F, weights: &F, at: Affine) -> Self {
        let [lanes, weights_lane] = [dims(weights)[0], dims(weights)[1]];
        let rows = dims(x)[2];
        for (name, value) in [
            ("inputs", at.inputs),
            ("outputs", at.outputs),
            ("offset", at.offset),
            ("parameters", weights_lane),
            ("rows", rows),
        ] {
            assert!(value % ALIGN == 0, "affine map: {name} = {value} is not a multiple of {ALIGN}");
        }
        Self { lanes, rows, at, x_lane: lane_stride(x), weights_lane, packed_lane: 0, line: 0 }
    }

    /// With the weights packed by column.
    pub fn packed_columns(self, columns: &F) -> Self {
        let line = self.at.packed.map_or(0, |packed| packed.column_line);
        Self { packed_lane: dims(columns)[1] / PAIR, line, ..self }
    }

    /// With the weights packed by row.
    pub fn packed_rows(self, rows: &F) -> Self {
        let line = self.at.packed.map_or(0, |packed| packed.row_line);
        Self { packed_lane: dims(rows)[1] / PAIR, line, ..self }
    }

    pub fn arg(&self) -> AffineArgLaunch {
        AffineArgLaunch::new(
            word(self.rows / ALIGN),
            word(self.at.inputs),
            word(self.at.outputs),
            word(self.x_lane / ALIGN),
            word(self.weights_lane / ALIGN),
            word(self.at.offset / ALIGN),
            word(self.at.bias_offset() / ALIGN),
            word(self.at.bias_rows),
            word(self.packed_lane),
            // Entries take a pair for every parameter; where there are only headers no entry is ever read.
            word(self.packed_lane.saturating_sub(self.weights_lane)),
            word(self.line),
        )
    }

    /// An uninitialised `[lanes, features, rows]`.
    pub fn activations(&self, like: &F, features: usize) -> F {
        empty(like, &[self.lanes, features, self.rows])
    }

    /// What the kernel of a product has to hold whose features divide into parts of `part`, each dense or packed.
    fn forms(&self, part: usize) -> Forms {
        let packed = self.at.packed;
        let wide = self.at.tile == Tile::Wide && part.is_multiple_of(2 * ALIGN);
        Forms {
            dense: packed.is_none_or(|packed| !packed.everywhere),
            packed: packed.is_some(),
            vectors: if wide { 2 } else { 1 },
            shared: false,
        }
    }

    pub fn forward_forms(&self) -> Forms {
        let forms = self.forms(self.at.outputs / self.at.packed.map_or(1, |packed| packed.parts));
        // Whole workgroups have to pass the barriers, so no lane of them may be packed.
        Forms { shared: self.at.tile == Tile::Shared && !forms.packed, ..forms }
    }

    pub fn backward_forms(&self) -> Forms {
        self.forms(self.at.inputs)
    }

    /// Threads that cover all rows of `features` features in all forms.
    fn product_threads(&self, features: usize, forms: Forms) -> usize {
        let vectors = self.rows / ALIGN;
        if forms.shared {
            let across = (features / ALIGN).div_ceil(SIDE as usize);
            return across * vectors.div_ceil(GROUP_ROWS as usize) * WORKGROUP as usize;
        }
        let dense = features / ALIGN / forms.vectors as usize * vectors.div_ceil(TILE_ROWS as usize);
        let packed = features * vectors.div_ceil(LINE_ROWS as usize);
        match forms {
            Forms { dense: true, packed: false, .. } => dense,
            Forms { dense: false, .. } => packed,
            Forms { .. } => dense.max(packed),
        }
    }

    /// Threads that make the whole weight gradient.
    pub fn dense_weight_threads(&self) -> usize {
        self.at.outputs / ALIGN * self.at.inputs.div_ceil(GRAD_INPUTS as usize)
    }

    /// Threads that make the input gradient.
    pub fn input_threads(&self) -> usize {
        self.product_threads(self.at.inputs, self.backward_forms())
    }

    pub fn forward(&self) -> (CubeCount, CubeDim) {
        per_lane(self.product_threads(self.at.outputs, self.forward_forms()), self.lanes)
    }

    pub fn backward(&self) -> (CubeCount, CubeDim) {
        let dense = self.dense_weight_threads();
        let kept = self.at.inputs * kept_threads(self.at.outputs);
        let weights = if self.at.packed.is_some() { dense.max(kept) } else { dense };
        per_lane(self.input_threads() + weights, self.lanes)
    }

    /// Forward product fused with GELU (`second` receives the value before it) or with the addition of `second`.
    pub fn fused(&self, x: &F, weights: &F, columns: &F, second: &F, gelu: bool) -> F {
        let y = self.activations(x, self.at.outputs);
        let (count, dim) = self.forward();
        unsafe {
            gpu::forward::linear_fused::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                PAIR,
                arg(x),
                arg(weights),
                arg(columns),
                arg(second),
                arg(&y),
                self.arg(),
                self.forward_forms(),
                gelu,
            );
        }
        y
    }
}

pub fn norm_arg(rows: usize, weights: &F, at: Norm) -> NormArgLaunch {
    NormArgLaunch::new(
        word(rows / ALIGN),
        word(at.features),
        word(dims(weights)[1]),
        word(at.offset),
        word(at.shift_offset()),
        Norm::EPSILON,
    )
}
