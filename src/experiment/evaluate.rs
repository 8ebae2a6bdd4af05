//! Accuracy on held-out data, with the masks as trained and with the hard target masks.

use crate::data::Dataset;
use crate::experiment::batches::{self, DeviceBatch};
use crate::kernels::{Buffer, LaneOps, buffer};
use crate::metrics::Outcome;
use crate::model::VisionTransformer;
use burn::backend::Dispatch;
use burn::tensor::Device;

/// Samples per forward pass: bounds the memory of an evaluation.
const CHUNK: usize = 128;

/// Held-out samples, uploaded once.
pub struct Validation {
    chunks: Vec<(usize, DeviceBatch)>,
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
                (count, batches::upload(&[lane], &network.architecture.grid, device))
            })
            .collect();
        Self { chunks, samples }
    }

    /// Mean loss and accuracy of every lane under `weights` `[lanes, parameters]`.
    ///
    /// # Errors
    /// The device's own words when it fails.
    pub async fn evaluate(&self, network: &VisionTransformer, weights: &Buffer) -> Result<Vec<Outcome>, String> {
        let outcomes = self
            .chunks
            .iter()
            .map(|(count, batch)| {
                let (scores, _) = network.forward(batch.patches.clone(), *count, weights);
                Dispatch::cross_entropy(&scores, &batch.labels, network.architecture.classes).1
            })
            .collect();
        let outcomes = buffer::read_all(outcomes).await?;
        let lanes = outcomes[0].len() / (2 * self.chunks[0].0);
        Ok((0..lanes).map(|lane| mean_outcome(&outcomes, lane, lanes, self.samples)).collect())
    }
}

/// Mean over the chunks `[lanes, count, 2]` for one lane.
fn mean_outcome(chunks: &[Vec<f32>], lane: usize, lanes: usize, samples: usize) -> Outcome {
    let (mut loss, mut right) = (0.0, 0.0);
    for chunk in chunks {
        let len = chunk.len() / lanes;
        for pair in chunk[lane * len..][..len].chunks_exact(2) {
            loss += f64::from(pair[0]);
            right += f64::from(pair[1]);
        }
    }
    Outcome { loss: loss / samples as f64, accuracy: right / samples as f64 }
}
