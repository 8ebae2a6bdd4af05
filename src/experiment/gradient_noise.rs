//! The gradient over several fresh batches at frozen weights.

use burn::tensor::Tensor;

use super::run::Experiment;
use crate::error::LabError;
use crate::kernels::{Buffer, buffer};
use crate::metrics::{GradientNoise, Noise};
use crate::random::Stream;

fn sum(total: Option<Buffer>, gradient: &Buffer) -> Buffer {
    match total {
        None => gradient.clone(),
        Some(total) => {
            let gradient = Tensor::<2>::from_dispatch(gradient.clone());
            (Tensor::<2>::from_dispatch(total) + gradient).into_dispatch()
        }
    }
}

impl Experiment {
    /// Noise of every lane's gradient over `count` batches, with the weights and masks of the next step.
    ///
    /// The batches are drawn for this measurement alone: training does not see them, and training itself is not
    /// changed by it.
    ///
    /// # Errors
    /// [`LabError::Device`] when the device fails.
    pub async fn gradient_noise(&mut self, count: usize) -> Result<Vec<GradientNoise>, LabError> {
        let step = self.step().min(self.config().steps() - 1);
        let (rules, plan, mask, weights) = self.next_weights(step);
        let dense = self.dense_weights();
        let (mut total, mut dense_total) = (None, None);
        let mut sums = Vec::new();
        for batch in 0..count {
            let seed = |lane: u64| u64::from(Stream::new(lane, "gradient noise", u64::from(step)).below(u32::MAX));
            let seeds: Vec<u64> = self.seeds().into_iter().map(seed).collect();
            let data = self.batch(&seeds, u32::try_from(batch).expect("few batches are measured"));
            let (gradient, _) = self.gradient(&data, &weights);
            let gradient = self.ruled(gradient, &mask, &plan);
            let (dense_gradient, _) = self.gradient(&data, &dense);
            sums.push(self.sums_of(&gradient, &mask, &rules));
            total = Some(sum(total, &gradient));
            dense_total = Some(sum(dense_total, &dense_gradient));
        }
        let (total, dense_total) = (total.expect("at least one batch"), dense_total.expect("at least one batch"));
        let joint = sum(Some(total.clone()), &dense_total);
        for gradient in [total, dense_total, joint] {
            sums.push(self.sums_of(&gradient, &mask, &rules));
        }
        let sums = buffer::read_together(sums).await.map_err(LabError::Device)?;
        let by_lane: Vec<Vec<Noise>> = sums.iter().map(|sums| self.noise_of_lanes(sums)).collect();
        let (batches, totals) = by_lane.split_at(count);
        let lanes = 0..self.lanes();
        let of_lane = |lane: usize| {
            let batches: Vec<Noise> = batches.iter().map(|lanes| lanes[lane]).collect();
            GradientNoise::of(&batches, &totals[0][lane], &totals[1][lane], &totals[2][lane])
        };
        Ok(lanes.map(of_lane).collect())
    }
}
