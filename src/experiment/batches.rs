//! Batches of all lanes on the device: lanes with equal seeds see the same samples.

use std::collections::HashMap;

use crate::data::{Batch, Dataset, Input, NO_LABEL};
use crate::kernels::{ALIGN, Buffer, buffer};
use crate::model::{Architecture, Entrance, StackShape};
use burn::tensor::Device;

/// Inputs and targets on the device. One lane's worth when all seeds are equal.
pub struct DeviceBatch {
    /// An input for every stack: patches `[lanes | 1, values, batch * tokens]` or token ids `[lanes | 1, batch * tokens]`.
    pub inputs: Vec<Buffer>,
    /// Label and weight of every answer, `[lanes | 1, 2, batch * answers]`. The weights of a lane's labels add up to 1.
    pub targets: Buffer,
    /// Samples with those that pad the batch to whole vectors.
    pub batch: usize,
    /// Answers that have a label, for every sample of every lane or of the one lane that all share.
    pub labelled: Vec<Vec<usize>>,
}

impl DeviceBatch {
    /// Uploads the batches of one or more lanes.
    pub fn upload(lanes: &[&Batch], architecture: &Architecture, device: &Device) -> Self {
        let answers = architecture.answers();
        let batch = (lanes[0].labels.len() / answers).next_multiple_of(ALIGN);
        let stacks = architecture.stacks();
        let inputs = stacks.iter().enumerate().map(|(at, stack)| {
            let parts: Vec<f32> = lanes.iter().flat_map(|lane| rows(&lane.inputs[at], stack, batch)).collect();
            let columns = batch * stack.tokens();
            match stack.entrance {
                Entrance::Patches(grid) => buffer::upload(parts, [lanes.len(), grid.row(), columns], device),
                Entrance::Text(_) => buffer::upload(parts, [lanes.len(), columns], device),
            }
        });
        let targets: Vec<f32> = lanes.iter().flat_map(|lane| targets(&lane.labels, batch * answers)).collect();
        let labelled = |lane: &&Batch| {
            let count = |labels: &[u32]| labels.iter().filter(|label| **label != NO_LABEL).count();
            lane.labels.chunks_exact(answers).map(count).collect()
        };
        Self {
            inputs: inputs.collect(),
            targets: buffer::upload(targets, [lanes.len(), 2, batch * answers], device),
            batch,
            labelled: lanes.iter().map(labelled).collect(),
        }
    }

    /// The batch of `step` for lanes with these seeds.
    pub fn of_step(
        dataset: &mut Dataset,
        seeds: &[u64],
        (step, batch): (u32, usize),
        architecture: &Architecture,
        device: &Device,
    ) -> Self {
        let mut drawn: HashMap<u64, Batch> = HashMap::new();
        for seed in seeds {
            drawn.entry(*seed).or_insert_with(|| dataset.train_batch(*seed, step, batch));
        }
        let lanes: Vec<&Batch> =
            if drawn.len() == 1 { drawn.values().collect() } else { seeds.iter().map(|seed| &drawn[seed]).collect() };
        Self::upload(&lanes, architecture, device)
    }

    /// Answers of `lane` that have a label.
    pub fn answers(&self, lane: usize) -> usize {
        self.labelled[lane.min(self.labelled.len() - 1)].iter().sum()
    }
}

/// One input as a stack reads it, for `batch` samples of which the last may only pad.
fn rows(input: &Input, stack: &StackShape, batch: usize) -> Vec<f32> {
    match (input, stack.entrance) {
        (Input::Pixels(images), Entrance::Patches(grid)) => grid.cut(images),
        (Input::Tokens(ids), Entrance::Text(text)) => {
            let padding = batch * text.tokens - ids.len();
            ids.iter().map(|id| *id as f32).chain(std::iter::repeat_n(0.0, padding)).collect()
        }
        _ => unreachable!("the network was made for this data"),
    }
}

/// Labels and then weights, `[2, rows]`: the mean over the labelled rows.
fn targets(labels: &[u32], rows: usize) -> Vec<f32> {
    let count = labels.iter().filter(|label| **label != NO_LABEL).count();
    let share = 1.0 / count as f32;
    let target = |label: &u32| if *label == NO_LABEL { (0.0, 0.0) } else { (*label as f32, share) };
    let (mut ids, mut weights): (Vec<f32>, Vec<f32>) = labels.iter().map(target).unzip();
    ids.resize(rows, 0.0);
    weights.resize(rows, 0.0);
    ids.append(&mut weights);
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_spread_one_over_the_labels_and_leave_out_the_rest() {
        let targets = targets(&[3, NO_LABEL, 1, 2, NO_LABEL, 0], 8);
        assert_eq!(targets[..8], [3.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(targets[8..], [0.25, 0.0, 0.25, 0.25, 0.0, 0.25, 0.0, 0.0]);
    }
}
