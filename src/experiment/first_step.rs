//! The first step, and the report of what stood before it.

use std::mem::{replace, take};

use super::run::{Experiment, Report, State};
use crate::error::LabError;

/// The run as it stood before its first step.
pub struct Before(State);

impl Experiment {
    /// Trains the first step and waits for it.
    ///
    /// An evaluation takes as long as many steps, and on a GPU every kernel is compiled at its first launch. So the
    /// step comes first, and [`report_before`](Self::report_before) evaluates afterwards what stood before it.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn first_step(&mut self) -> Result<Before, LabError> {
        let before = Before(self.state.clone());
        self.train_step();
        self.read_back(None).await?;
        Ok(before)
    }

    /// The report of step 0, given after the first step: the same numbers as [`report`](Self::report) gives before it.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn report_before(&mut self, Before(state): Before) -> Result<Report, LabError> {
        let state = replace(&mut self.state, state);
        let (step, unreported, noise_sums) =
            (take(&mut self.step), take(&mut self.unreported), take(&mut self.noise_sums));
        let report = self.report().await;
        (self.state, self.step, self.unreported, self.noise_sums) = (state, step, unreported, noise_sums);
        report
    }
}
