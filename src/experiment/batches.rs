//! Training batches of all lanes: lanes with equal seeds see the same samples.

use std::collections::HashMap;

use crate::data::Dataset;
use crate::kernels::{Buffer, buffer};
use crate::model::PatchGrid;
use burn::tensor::Device;

/// Images as patches and class ids, on the device. One lane's worth when all seeds are equal.
pub struct DeviceBatch {
    /// `[lanes | 1, patch features, batch * tokens]`.
    pub patches: Buffer,
    /// `[lanes | 1, batch]`; -1 for images that only pad.
    pub labels: Buffer,
    /// Images that count.
    pub samples: usize,
    /// Images with those that pad the batch to whole vectors.
    pub batch: usize,
}

/// Uploads `(images, labels)` of one or more lanes.
pub fn upload(lanes: &[(Vec<f32>, Vec<f32>)], grid: &PatchGrid, device: &Device) -> DeviceBatch {
    let samples = lanes[0].1.len();
    let batch = PatchGrid::batch(samples);
    let patches: Vec<f32> = lanes.iter().flat_map(|(images, _)| grid.cut(images)).collect();
    let padding = || std::iter::repeat_n(-1.0, batch - samples);
    let labels: Vec<f32> = lanes.iter().flat_map(|(_, labels)| labels.iter().copied().chain(padding())).collect();
    DeviceBatch {
        patches: buffer::upload(patches, [lanes.len(), grid.row(), batch * grid.tokens()], device),
        labels: buffer::upload(labels, [lanes.len(), batch], device),
        samples,
        batch,
    }
}

/// Images and labels of a batch as floats.
pub fn floats(batch: crate::data::Batch) -> (Vec<f32>, Vec<f32>) {
    (batch.images, batch.labels.into_iter().map(|label| label as f32).collect())
}

/// The batch of `step` for lanes with these seeds.
pub fn training_batch(
    dataset: &mut Dataset,
    seeds: &[u64],
    step: u32,
    batch: usize,
    grid: &PatchGrid,
    device: &Device,
) -> DeviceBatch {
    let mut drawn: HashMap<u64, (Vec<f32>, Vec<f32>)> = HashMap::new();
    for seed in seeds {
        drawn.entry(*seed).or_insert_with(|| floats(dataset.train_batch(*seed, step, batch)));
    }
    let lanes: Vec<_> =
        if drawn.len() == 1 { drawn.into_values().collect() } else { seeds.iter().map(|s| drawn[s].clone()).collect() };
    upload(&lanes, grid, device)
}
