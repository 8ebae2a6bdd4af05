//! From tensors and geometry values to kernel arguments and grids.

use burn::backend::{DType, TensorMetadata};
use burn_cubecl::{ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use cubecl::prelude::*;

use crate::kernels::{
    ALIGN, Affine, Norm, Tile,
    gpu::{
        self,
        affine::{AffineArgLaunch, Forms, LINE_ROWS, TILE_ROWS},
        backward::kept_threads,
        forward::Ending,
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

    fn arg(&self) -> AffineArgLaunch {
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
    fn activations(&self, like: &F, features: usize) -> F {
        empty(like, &[self.lanes, features, self.rows])
    }

    /// What the kernel of a product has to hold whose features divide into parts of `part`, each dense or packed.
    fn forms(&self, part: usize) -> Forms {
        let packed = self.at.packed;
        let widest = |features: usize, limit: usize| {
            let fits = |vectors: &usize| *vectors <= limit && features.is_multiple_of(vectors * ALIGN);
            word([4, 2].into_iter().find(fits).unwrap_or(1))
        };
        Forms {
            dense: packed.is_none_or(|packed| !packed.everywhere),
            packed: packed.is_some(),
            vectors: widest(part, self.at.tile.vectors()),
            grad_inputs: if self.at.tile == Tile::Broad { 16 } else { 8 },
            grad_vectors: widest(self.at.outputs, self.at.tile.vectors()),
            shared: false,
        }
    }

    fn forward_forms(&self) -> Forms {
        let forms = self.forms(self.at.outputs / self.at.packed.map_or(1, |packed| packed.parts));
        // Whole workgroups have to pass the barriers, so no lane of them may be packed.
        Forms { shared: self.at.tile == Tile::Shared && !forms.packed, ..forms }
    }

    fn backward_forms(&self) -> Forms {
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

    /// Threads that make the gradients of weights and bias.
    fn weight_threads(&self) -> usize {
        let forms = self.backward_forms();
        let width = ALIGN * forms.grad_vectors as usize;
        let dense = self.at.outputs / width * self.at.inputs.div_ceil(forms.grad_inputs as usize);
        let kept = self.at.inputs * kept_threads(self.at.outputs);
        let weights = if self.at.packed.is_some() { dense.max(kept) } else { dense };
        weights + if self.at.bias_rows > 1 { self.at.bias_rows * self.at.outputs } else { 0 }
    }

    /// Threads that make the input gradient.
    fn input_threads(&self) -> usize {
        self.product_threads(self.at.inputs, self.backward_forms())
    }

    fn forward(&self) -> (CubeCount, CubeDim) {
        per_lane(self.product_threads(self.at.outputs, self.forward_forms()), self.lanes)
    }

    /// `W^T x` with its `ending`; `second` is what that reads or writes.
    pub fn linear(&self, x: &F, weights: &F, columns: &F, second: &F, ending: Ending) -> F {
        let y = self.activations(x, self.at.outputs);
        let (count, dim) = self.forward();
        unsafe {
            gpu::forward::linear::launch_unchecked(
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
                ending,
            );
        }
        y
    }

    /// Gradients at the input, through GELU where `z` went into it, and in `grads`.
    pub fn linear_grad(&self, x: &F, dy: &F, weights: &F, rows: &F, z: Option<&F>, grads: &F) -> F {
        let dx = self.activations(x, self.at.inputs);
        self.launch_grad(
            [x, dy, weights, rows, z.unwrap_or(&unused(x)), &dx, grads],
            word(self.weight_threads()),
            self.input_threads(),
            z.is_some(),
        );
        dx
    }

    /// Gradients in `grads` alone, by the same kernel: none of its threads makes the gradient at the input.
    pub fn linear_grad_weight(&self, x: &F, dy: &F, grads: &F) {
        let [weights, rows, z, dx] = [(); 4].map(|()| unused(x));
        self.launch_grad([x, dy, &weights, &rows, &z, &dx, grads], u32::MAX, 0, false);
    }

    /// Threads from `split` on make the gradient at the input.
    fn launch_grad(&self, [x, dy, weights, rows, z, dx, grads]: [&F; 7], split: u32, input_threads: usize, gelu: bool) {
        let (count, dim) = per_lane(self.weight_threads() + input_threads, self.lanes);
        unsafe {
            gpu::backward::linear_grad::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                PAIR,
                arg(x),
                arg(dy),
                arg(weights),
                arg(rows),
                arg(z),
                arg(dx),
                arg(grads),
                self.arg(),
                split,
                self.backward_forms(),
                gelu,
            );
        }
    }
}

/// Stands for a tensor that a kernel takes and does not touch: no buffer may be bound twice.
pub fn unused(like: &F) -> F {
    empty(like, &[ALIGN])
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
