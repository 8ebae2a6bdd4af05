//! Accuracy on held-out data, with the masks as trained and with the hard target masks.

use crate::data::Dataset;
use crate::experiment::batches::{self, DeviceBatch};
use crate::kernels::{LaneOps, Weights, buffer};
use crate::metrics::Outcome;
use crate::model::VisionTransformer;
use burn::backend::Dispatch;
use burn::tensor::Device;

/// Samples per forward pass: bounds the memory of an evaluation.
const CHUNK: usize = 128;

/// Held-out samples, uploaded once.
pub struct Validation {
    chunks: Vec<DeviceBatch>,
    samples: usize,
}

impl Validation {
    /// The first `samples` held-out samples of `dataset`.
    pub fn new(dataset: &Dataset, samples: usize, network: &VisionTransformer, device: &Device) -> Self {
        let chunks = (0..samples)
            .step_by(CHUNK)
            .map(|first| {
                let count = CHUNK.min(samples - first);
                let lane = batches::floats(dataset.validation(first, count));
                batches::upload(&[lane], &network.architecture.grid, device)
            })
            .collect();
        Self { chunks, samples }
    }

    /// Mean loss and accuracy of every lane under `weights`.
    ///
    /// # Errors
    /// The device's own words when it fails.
    pub async fn evaluate(&self, network: &VisionTransformer, weights: &Weights) -> Result<Vec<Outcome>, String> {
        let outcomes = self
            .chunks
            .iter()
            .map(|chunk| {
                let (scores, _) = network.forward(chunk.patches.clone(), chunk.batch, weights);
                Dispatch::cross_entropy(&scores, &chunk.labels, network.architecture.classes, chunk.samples).1
            })
            .collect();
        let outcomes = buffer::read_all(outcomes).await?;
        let lanes = outcomes[0].len() / (2 * self.chunks[0].batch);
        Ok((0..lanes).map(|lane| mean_outcome(&outcomes, lane, lanes, self.samples)).collect())
    }
}

/// Mean over the chunks `[lanes, 2, batch]` for one lane.
fn mean_outcome(chunks: &[Vec<f32>], lane: usize, lanes: usize, samples: usize) -> Outcome {
    let (mut loss, mut right) = (0.0, 0.0);
    for chunk in chunks {
        let len = chunk.len() / lanes;
        let (losses, rights) = chunk[lane * len..][..len].split_at(len / 2);
        loss += losses.iter().map(|x| f64::from(*x)).sum::<f64>();
        right += rights.iter().map(|x| f64::from(*x)).sum::<f64>();
    }
    Outcome { loss: loss / samples as f64, accuracy: right / samples as f64 }
}
