//! Single kernels on matrices of one shape, to be timed: by the device's probe, by the bench panel and by `npm run bench`.

use burn::backend::{Dispatch, tensor::IntTensor};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::kernels::{
    Affine, Buffer, LaneOps, MaskGrid, PackGrid, PackedAt, PrunableMatrix, Segment, SegmentKind, Tile, buffer, packed,
    plan, plan::Rule,
};
use crate::pattern::NmPattern;

/// Sizes of a matrix product `[rows, inputs] x [inputs, outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Shape {
    /// Rows of activations.
    pub rows: usize,
    /// Input features.
    pub inputs: usize,
    /// Output features.
    pub outputs: usize,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `W^T x`, from the packed weights where the pattern is sparse.
    Product(NmPattern),
    /// Selection of masks along the inputs.
    Mask(NmPattern),
    /// Packing of the kept weights by column and by row.
    Pack(NmPattern),
}

/// A kernel with everything it reads, on one device.
pub struct Case {
    kernel: Kernel,
    rows: usize,
    at: Affine,
    x: Buffer,
    weights: Buffer,
    mask: Buffer,
    plan: Buffer,
    columns: Buffer,
    segments: IntTensor<Dispatch>,
    mask_grid: MaskGrid,
    matrices: IntTensor<Dispatch>,
    pack_grid: PackGrid,
    /// Read back to know that the device is done: it works in order.
    fence: Buffer,
}

/// Numbers without a pattern, between -1 and 1.
fn scattered(count: usize) -> Vec<f32> {
    (0..count as u32).map(|i| i.wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 * 2.0 - 1.0).collect()
}

impl Case {
    /// Uploads what `kernel` reads: one matrix with its mask and its packed form, and activations.
    pub fn new(kernel: Kernel, shape: Shape, tile: Tile, device: &Device) -> Self {
        let Shape { rows, inputs, outputs } = shape;
        let (Kernel::Product(pattern) | Kernel::Mask(pattern) | Kernel::Pack(pattern)) = kernel;
        let (kind, offset) = (SegmentKind::Ff1, 0);
        let packed = PackedAt { everywhere: true, ..PackedAt::new(0, 0, kind, 1) };
        let sparse = !pattern.is_dense();
        let at = Affine { offset: 0, inputs, outputs, bias_rows: 1, packed: sparse.then_some(packed), tile };
        let rule = Rule { n: pattern.n(), m: pattern.m(), along_inputs: true, packed: sparse, ..Rule::DENSE };
        let matrix = Segment { offset, rows: inputs, cols: outputs, stride: outputs, kind };
        let bias = Segment { offset: at.bias_offset(), rows: 1, kind: SegmentKind::Dense, ..matrix };
        let (segments, rules) = ([matrix, bias], rule.only(kind));
        let prunable = PrunableMatrix { offset, inputs, outputs, packed };
        let flat = |values: Vec<f32>| buffer::upload(values, [1, at.len()], device);
        let mut case = Self {
            kernel,
            rows,
            at,
            x: buffer::upload(scattered(inputs * rows), [1, inputs, rows], device),
            weights: flat(scattered(at.len())),
            mask: flat(vec![1.0; at.len()]),
            plan: buffer::upload(plan::row_of(&rules), [1, plan::WIDTH], device),
            columns: packed::unpacked(1, outputs, device),
            segments: buffer::upload_table(Segment::table(&segments), device),
            mask_grid: MaskGrid::new(&segments, &[rules]),
            matrices: buffer::upload_table(prunable.words().to_vec(), device),
            pack_grid: PackGrid { matrices: 1, column_lines: outputs, row_lines: inputs },
            fence: buffer::upload(vec![0.0; 4], [1, 4], device),
        };
        if sparse {
            let (mask, masked) = case.select();
            (case.mask, case.weights) = (mask, masked);
            case.columns = case.pack().0;
        }
        case
    }

    fn select(&self) -> (Buffer, Buffer) {
        Dispatch::select_masks(&self.weights, &self.mask, &self.plan, self.segments.clone(), self.mask_grid)
    }

    fn pack(&self) -> (Buffer, Buffer) {
        Dispatch::pack(&self.weights, &self.mask, &self.plan, self.matrices.clone(), self.pack_grid)
    }

    fn product(&self) -> Buffer {
        Dispatch::linear(&self.x, &self.weights, &self.columns, self.at)
    }

    fn launch(&self) {
        match self.kernel {
            Kernel::Product(_) => drop(self.product()),
            Kernel::Mask(_) => drop(self.select()),
            Kernel::Pack(_) => drop(self.pack()),
        }
    }

    /// Fails unless the kernel is a product of finite numbers.
    ///
    /// # Errors
    /// What the device ran into, or what is wrong with the numbers.
    pub async fn check_product(&self) -> Result<(), String> {
        // Pooling makes the read-back short.
        let values = buffer::read(Dispatch::mean_pool(&self.product(), self.rows)).await?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err("the test products are not finite".into())
        }
    }

    /// Milliseconds per launch of `repeats` launches, with one wait for the device at the end.
    ///
    /// # Errors
    /// What the device ran into.
    pub async fn time_ms(&self, repeats: u32) -> Result<f64, String> {
        let start = Instant::now();
        for _ in 0..repeats {
            self.launch();
        }
        buffer::read(self.fence.clone()).await?;
        Ok(start.elapsed().as_secs_f64() * 1e3 / f64::from(repeats))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    const SMALL: Shape = Shape { rows: 12, inputs: 36, outputs: 8 };

    fn values(buffer: Buffer) -> Vec<f32> {
        pollster::block_on(buffer::read(buffer)).expect("the CPU answers")
    }

    #[test]
    fn a_sparse_case_multiplies_the_masked_weights() {
        let device = Device::flex();
        let case = Case::new(Kernel::Product(NmPattern::new(1, 4).expect("valid")), SMALL, Tile::default(), &device);
        let (x, weights) = (values(case.x.clone()), values(case.weights.clone()));
        let kept = weights[..SMALL.inputs * SMALL.outputs].iter().filter(|weight| **weight != 0.0).count();
        assert_eq!(kept * 4, SMALL.inputs * SMALL.outputs, "a quarter of the weights is left");
        let y = values(case.product());
        for output in 0..SMALL.outputs {
            for row in 0..SMALL.rows {
                let term =
                    |k: usize| f64::from(weights[k * SMALL.outputs + output]) * f64::from(x[k * SMALL.rows + row]);
                let bias = f64::from(weights[SMALL.inputs * SMALL.outputs + output]);
                let expected = (0..SMALL.inputs).map(term).sum::<f64>() + bias;
                assert!((f64::from(y[output * SMALL.rows + row]) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn every_kernel_takes_time() {
        let pattern = NmPattern::new(2, 4).expect("valid");
        for kernel in
            [Kernel::Product(NmPattern::DENSE), Kernel::Product(pattern), Kernel::Mask(pattern), Kernel::Pack(pattern)]
        {
            let case = Case::new(kernel, SMALL, Tile::default(), &Device::flex());
            let ms = pollster::block_on(case.time_ms(3)).expect("the CPU answers");
            assert!(ms > 0.0 && ms.is_finite(), "{kernel:?} took {ms} ms");
        }
    }
}
