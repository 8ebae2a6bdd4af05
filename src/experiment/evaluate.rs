//! Accuracy on held-out data, with the masks as trained and with the hard target masks.

use crate::data::{Dataset, SampleForm};
use crate::experiment::batches::DeviceBatch;
use crate::kernels::{Buffer, LaneOps, Weights, buffer};
use crate::metrics::Outcome;
use crate::model::Transformer;
use burn::backend::Dispatch;
use burn::tensor::Device;

/// Samples per forward pass: bounds the memory of an evaluation.
const CHUNK: usize = 128;

/// Held-out samples, uploaded once.
pub struct Validation {
    chunks: Vec<DeviceBatch>,
    /// Whether a sample is right as a whole only if all its answers are, and there are several.
    exact: bool,
}

impl Validation {
    /// The first `samples` held-out samples of `dataset`.
    pub fn new(dataset: &Dataset, samples: usize, network: &Transformer, device: &Device) -> Self {
        let chunks = (0..samples).step_by(CHUNK).map(|first| {
            let batch = dataset.validation(first, CHUNK.min(samples - first));
            DeviceBatch::upload(&[&batch], &network.architecture, device)
        });
        Self { chunks: chunks.collect(), exact: matches!(dataset.form(), SampleForm::Pairs { .. }) }
    }

    /// Outcome of every lane under `weights`.
    ///
    /// # Errors
    /// The device's own words when it fails.
    pub async fn evaluate(&self, network: &Transformer, weights: &Weights) -> Result<Vec<Outcome>, String> {
        let outcomes = buffer::read_together(self.launch(network, weights)).await?;
        let answers = network.architecture.answers();
        let lanes = outcomes[0].len() / (2 * answers * self.chunks[0].batch);
        Ok((0..lanes).map(|lane| self.outcome(&outcomes, lane, lanes)).collect())
    }

    /// Enqueues the forward passes under `weights`: the outcome of every chunk, `[lanes, 2, rows]`.
    pub fn launch(&self, network: &Transformer, weights: &Weights) -> Vec<Buffer> {
        let classes = network.architecture.classes();
        let outcomes = self.chunks.iter().map(|chunk| {
            let (scores, _) = network.forward(&chunk.inputs, chunk.batch, weights);
            Dispatch::cross_entropy(&scores, &chunk.targets, classes).1
        });
        outcomes.collect()
    }

    /// Mean over the chunks `[lanes, 2, rows]` for one lane.
    fn outcome(&self, outcomes: &[Vec<f32>], lane: usize, lanes: usize) -> Outcome {
        let (mut loss, mut right, mut answers, mut exact, mut samples) = (0.0, 0.0, 0, 0, 0);
        for (outcome, chunk) in outcomes.iter().zip(&self.chunks) {
            let len = outcome.len() / lanes;
            let (losses, rights) = outcome[lane * len..][..len].split_at(len / 2);
            loss += losses.iter().map(|x| f64::from(*x)).sum::<f64>();
            right += rights.iter().map(|x| f64::from(*x)).sum::<f64>();
            answers += chunk.answers(0);
            // Greedy decoding gives the target if and only if every answer is right that is given with the target's
            // own beginning: up to the first mistake both have read the same.
            let whole = |(rights, labelled): (&[f32], &usize)| rights.iter().sum::<f32>() == *labelled as f32;
            let by_sample = rights.chunks_exact(len / 2 / chunk.batch).zip(&chunk.labelled[0]);
            exact += by_sample.filter(|sample| whole(*sample)).count();
            samples += chunk.labelled[0].len();
        }
        Outcome {
            loss: loss / answers as f64,
            accuracy: right / answers as f64,
            exact: self.exact.then(|| exact as f64 / samples as f64),
        }
    }
}
