//! Gradient noise beyond the table of metrics: of single matrices, and on demand at frozen weights.

use super::lab::Lab;
use super::protocol::{Event, Numbers};
use crate::error::{LabError, Problem};
use crate::experiment::Report;
use crate::metrics::{GradientNoise, gradient_noise_row, indicators};

/// Fewest and most batches of one measurement: two make a variance.
const BATCHES: std::ops::RangeInclusive<usize> = 2..=64;

/// Keys of the indicators of one matrix.
pub(super) fn indicator_keys() -> Vec<String> {
    indicators(&crate::metrics::Noise::default()).into_iter().map(|(key, _)| key).collect()
}

/// Indicators of every measured matrix, `[lanes, matrices, indicators]`.
pub(super) fn matrices(report: &Report) -> Numbers {
    let values = report.layers.iter().flatten().flat_map(|noise| indicators(noise).into_iter().map(|(_, value)| value));
    Numbers(values.collect())
}

impl Lab {
    /// Measures the gradient over fresh batches at frozen weights; posts it as a report of the present step.
    pub(super) async fn measure_noise(&mut self, batches: usize) -> Result<(), LabError> {
        if !BATCHES.contains(&batches) {
            let reason = format!("must lie between {} and {}, not {batches}", BATCHES.start(), BATCHES.end());
            return Err(LabError::Config(vec![Problem::new("batches", reason)]));
        }
        self.report_opening().await?;
        let Some(run) = &mut self.run else {
            return Err(LabError::Config(vec![Problem::new("batches", "nothing is open; open an experiment first")]));
        };
        let noise: Vec<GradientNoise> = run.experiment.gradient_noise(batches).await?;
        let values = Numbers(noise.iter().flat_map(gradient_noise_row).collect());
        let (step, lanes) = (run.experiment.step(), noise.len());
        self.post(&Event::Metrics { step, lanes, values, matrices: Numbers(Vec::new()) });
        Ok(())
    }
}
