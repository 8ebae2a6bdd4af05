//! Learning rate: a straight warm-up, then a cosine.

use core::f64::consts::PI;

use crate::config::{OptimizerConfig, share};

/// Learning rate of one lane as a function of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate {
    peak: f64,
    last: f64,
    warmup_steps: u32,
    steps: u32,
}

impl LearningRate {
    /// The schedule of `optimizer` with a lane's `peak`, over a budget of `steps`.
    pub fn new(peak: f64, optimizer: &OptimizerConfig, steps: u32) -> Self {
        Self { peak, last: peak * optimizer.final_lr_frac, warmup_steps: share(steps, optimizer.warmup_frac), steps }
    }

    /// Steps until the peak.
    pub fn warmup_steps(&self) -> u32 {
        self.warmup_steps
    }

    /// The rate at `step`, counted from 0.
    ///
    /// The warm-up ends at the peak and never starts at 0, which would waste a step. The cosine would
    /// arrive at its final value one step after the budget ends, for the same reason.
    pub fn at(&self, step: u32) -> f32 {
        if step < self.warmup_steps {
            return (self.peak * f64::from(step + 1) / f64::from(self.warmup_steps)) as f32;
        }
        if step >= self.steps {
            return self.last as f32;
        }
        let progress = f64::from(step - self.warmup_steps) / f64::from(self.steps - self.warmup_steps);
        (self.last + (self.peak - self.last) * 0.5 * (1.0 + libm::cos(PI * progress))) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(warmup_frac: f64, final_lr_frac: f64) -> LearningRate {
        let optimizer = OptimizerConfig {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip_norm: 1.0,
            warmup_frac,
            final_lr_frac,
        };
        LearningRate::new(1.0, &optimizer, 12)
    }

    #[test]
    fn it_rises_in_a_line_and_falls_as_a_cosine() {
        let rate = rate(1.0 / 3.0, 0.0);
        assert_eq!([0, 1, 2, 3, 4].map(|step| rate.at(step)), [0.25, 0.5, 0.75, 1.0, 1.0]);
        // Half-way through the eight steps after the warm-up the cosine crosses the middle.
        assert_eq!(rate.at(8), 0.5);
        assert_eq!(rate.at(6), 0.853_553_4);
        assert_eq!(rate.at(12), 0.0);
    }

    #[test]
    fn it_ends_at_the_share_of_the_peak_that_was_asked_for() {
        let rate = rate(0.0, 0.5);
        assert_eq!((rate.at(0), rate.at(6), rate.at(12), rate.at(13)), (1.0, 0.75, 0.5, 0.5));
    }

    #[test]
    fn a_budget_that_is_all_warm_up_only_rises() {
        let rate = rate(1.0, 0.0);
        assert_eq!((rate.at(0), rate.at(11)), (1.0 / 12.0, 1.0));
    }
}
