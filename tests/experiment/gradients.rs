//! The hand-written backward pass against finite differences, through the whole network.

use crate::common::{cpu, normals, values};
use crate::tests;
use burn::backend::Dispatch;
use nmflow::kernels::{LaneOps, Tile, Weights, buffer, packed};
use nmflow::model::{Architecture, Entrance, Form, PatchGrid, TextShape, Transformer, initial_params};
use nmflow::random::Stream;

/// Samples; two more pad them to whole vectors.
const BATCH: usize = 6;
const PADDED: usize = 8;
/// Distance of the two points of a difference along a unit direction.
const STEP: f32 = 1e-2;

struct Problem {
    network: Transformer,
    /// An input for every stack.
    inputs: Vec<Vec<f32>>,
    targets: Vec<f32>,
}

/// Some numbers below `limit`.
fn choices(count: usize, limit: usize, name: &str) -> Vec<f32> {
    let mut stream = Stream::new(5, name, 0);
    (0..count).map(|_| stream.below(limit as u32) as f32).collect()
}

impl Problem {
    fn new(form: Form) -> Self {
        let architecture = Architecture { form, layers: 2, heads: 2, d_model: 8, d_ff: 16 };
        let stacks = architecture.stacks();
        let input = |(stack, name): (_, &str)| match stack {
            Entrance::Patches(grid) => grid.cut(&normals(BATCH * grid.height * grid.width, name)),
            Entrance::Text(text) => choices(PADDED * text.tokens, text.vocabulary, name),
        };
        let inputs = stacks.iter().map(|stack| stack.entrance).zip(["first", "second"]).map(input).collect();
        // The last samples only pad, and of the others every fifth answer is not asked for.
        let (answers, rows) = (architecture.answers(), PADDED * architecture.answers());
        let counts = |row: usize| row < BATCH * answers && (answers == 1 || row % 5 != 2);
        let share = 1.0 / (0..rows).filter(|row| counts(*row)).count() as f32;
        let mut targets = choices(rows, architecture.classes(), "labels");
        targets.extend((0..rows).map(|row| if counts(row) { share } else { 0.0 }));
        Self { network: Transformer::new(architecture), inputs, targets }
    }

    /// Mean loss and gradient at `params`.
    async fn gradient(&self, params: &[f32]) -> (f64, Vec<f32>) {
        let device = cpu();
        let architecture = &self.network.architecture;
        let pack_grid = self.network.layout.pack_grid;
        let uploaded = buffer::upload(params.to_vec(), [1, params.len()], &device);
        let unpacked = [pack_grid.column_lines, pack_grid.row_lines].map(|lines| packed::unpacked(1, lines, &device));
        let weights = Weights::dense(uploaded, unpacked.into(), Tile::default());
        let upload = |(stack, input): (Entrance, &Vec<f32>)| match stack {
            Entrance::Patches(grid) => buffer::upload(input.clone(), [1, grid.row(), PADDED * grid.tokens()], &device),
            Entrance::Text(text) => buffer::upload(input.clone(), [1, PADDED * text.tokens], &device),
        };
        let stacks = architecture.stacks();
        let inputs: Vec<_> = stacks.iter().map(|stack| stack.entrance).zip(&self.inputs).map(upload).collect();
        let rows = PADDED * architecture.answers();
        let targets = buffer::upload(self.targets.clone(), [1, 2, rows], &device);
        let (scores, tape) = self.network.forward(&inputs, PADDED, &weights);
        let (d_scores, outcome) = Dispatch::cross_entropy(&scores, &targets, architecture.classes());
        let grads = buffer::uninitialised([1, params.len()], &device);
        let grads = self.network.backward(&d_scores, &tape, &weights, grads);
        let losses = values(outcome).await;
        let weighted = losses[..rows].iter().zip(&self.targets[rows..]).map(|(loss, weight)| f64::from(loss * weight));
        (weighted.sum(), values(grads).await)
    }
}

async fn check(form: Form) {
    let problem = Problem::new(form);
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

const GRID: PatchGrid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };

tests! {
    async fn every_tensor_of_a_classifier_has_the_gradient_that_differences_show() {
        check(Form::Classifier { grid: GRID, classes: 5, window: None }).await;
    }

    async fn every_tensor_with_shifted_windows_has_the_gradient_that_differences_show() {
        let grid = PatchGrid { patch: 2, ..GRID };
        check(Form::Classifier { grid, classes: 5, window: Some(2) }).await;
    }

    async fn every_tensor_of_a_language_model_has_the_gradient_that_differences_show() {
        check(Form::Language(TextShape { vocabulary: 7, tokens: 5 })).await;
    }

    async fn every_tensor_of_a_translator_has_the_gradient_that_differences_show() {
        let (source, target) = (TextShape { vocabulary: 5, tokens: 7 }, TextShape { vocabulary: 6, tokens: 3 });
        check(Form::Translator { source, target }).await;
    }
}
