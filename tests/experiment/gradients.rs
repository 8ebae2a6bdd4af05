//! The hand-written backward pass against finite differences, through the whole network.

use crate::common::{cpu, normals, values};
use crate::tests;
use burn::backend::Dispatch;
use nmflow::kernels::{LaneOps, Weights, buffer, packed};
use nmflow::model::{Architecture, PatchGrid, VisionTransformer, initial_params};

const BATCH: usize = 6;
/// Distance of the two points of a difference along a unit direction.
const STEP: f32 = 1e-2;

struct Problem {
    network: VisionTransformer,
    patches: Vec<f32>,
    labels: Vec<f32>,
}

impl Problem {
    fn new() -> Self {
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        let architecture = Architecture { grid, classes: 5, layers: 2, heads: 2, d_model: 8, d_ff: 16 };
        let patches = grid.cut(&normals(BATCH * 36, "images"));
        Self {
            network: VisionTransformer::new(architecture),
            patches,
            labels: (0..BATCH).map(|i| (i % 5) as f32).collect(),
        }
    }

    /// Mean loss and gradient at `params`.
    async fn gradient(&self, params: &[f32]) -> (f64, Vec<f32>) {
        let device = cpu();
        let grid = self.network.architecture.grid;
        let pack_grid = self.network.layout.pack_grid;
        let weights = Weights {
            values: buffer::upload(params.to_vec(), [1, params.len()], &device),
            columns: packed::unpacked(1, pack_grid.column_lines, &device),
            rows: packed::unpacked(1, pack_grid.row_lines, &device),
        };
        let batch = PatchGrid::batch(BATCH);
        let patches = buffer::upload(self.patches.clone(), [1, grid.row(), batch * grid.tokens()], &device);
        let mut labels = self.labels.clone();
        labels.resize(batch, -1.0);
        let labels = buffer::upload(labels, [1, batch], &device);
        let (scores, tape) = self.network.forward(patches, batch, &weights);
        let classes = self.network.architecture.classes;
        let (d_scores, outcome) = Dispatch::cross_entropy(&scores, &labels, classes, BATCH);
        let grads = buffer::uninitialised([1, params.len()], &device);
        let grads = self.network.backward(&d_scores, &tape, &weights, grads);
        let loss: f64 = values(outcome).await[..BATCH].iter().map(|loss| f64::from(*loss)).sum();
        (loss / BATCH as f64, values(grads).await)
    }
}

tests! {
    async fn every_tensor_has_the_gradient_that_differences_show() {
        let problem = Problem::new();
        let layout = &problem.network.layout;
        let params = initial_params(&problem.network.architecture, layout, 0);
        let (_, grads) = problem.gradient(&params).await;
        for tensor in &layout.tensors {
            let s = tensor.segment;
            let inside: Vec<usize> =
                (0..s.rows).flat_map(|row| (0..s.cols).map(move |col| s.offset + row * s.stride + col)).collect();
            let norm = inside.iter().map(|i| f64::from(grads[*i]).powi(2)).sum::<f64>().sqrt();
            // Along the gradient itself the slope is its norm, so one difference checks the whole tensor.
            let shifted = |distance: f32| {
                let mut shifted = params.clone();
                for i in &inside {
                    shifted[*i] += distance * (f64::from(grads[*i]) / norm) as f32;
                }
                shifted
            };
            if tensor.name.ends_with(".k.bias") {
                // Softmax ignores a shift of all scores, so this gradient is zero but for rounding.
                assert!(norm < 1e-6, "{}: gradient {norm:e}, expected 0", tensor.name);
                continue;
            }
            let (above, _) = problem.gradient(&shifted(STEP)).await;
            let (below, _) = problem.gradient(&shifted(-STEP)).await;
            let slope = (above - below) / f64::from(2.0 * STEP);
            assert!((slope - norm).abs() < 0.01 * norm + 2e-5, "{}: slope {slope}, gradient {norm}", tensor.name);
        }
    }
}
