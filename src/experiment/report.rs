//! What a run reports: the one place that waits for the device.

use super::plan::{self, LaneRules};
use super::run::{Experiment, Report};
use super::validity::invalid_groups;
use crate::config::Site;
use crate::data::SampleForm;
use crate::error::LabError;
use crate::kernels::{Buffer, buffer};
use crate::metrics::{LaneMetrics, MaskChanges, Noise, Outcome, SiteMetrics};
use crate::sparsity::LaneState;

impl Experiment {
    /// Reads the outcomes of the steps made since the last read-back, and `noise` with them: one wait for
    /// the device. Gives back the values of `noise`.
    pub(super) async fn read_back(&mut self, noise: Option<Buffer>) -> Result<Option<Vec<f32>>, LabError> {
        let (mut buffers, answers): (Vec<_>, Vec<_>) = std::mem::take(&mut self.outcomes).into_iter().unzip();
        let count = buffers.len();
        buffers.extend(noise);
        if buffers.is_empty() {
            return Ok(None);
        }
        let first_step = self.step - u32::try_from(count).expect("a reporting interval is short");
        let mut steps = buffer::read_together(buffers).await.map_err(LabError::Device)?;
        let noise = steps.split_off(count).pop();
        for ((step, outcomes), answers) in (first_step..).zip(steps).zip(answers) {
            let len = outcomes.len() / self.lanes();
            for (lane, outcomes) in outcomes.chunks_exact(len).enumerate() {
                let (losses, rights) = outcomes.split_at(len / 2);
                let answers = answers[lane] as f64;
                let mean = |values: &[f32]| values.iter().map(|x| f64::from(*x)).sum::<f64>() / answers;
                let (loss, accuracy) = (mean(losses), mean(rights));
                if !loss.is_finite() {
                    let reason = format!("the loss is {loss}; lower the learning rate or beta of this lane");
                    let lane = self.share[lane];
                    let name = self.config.lanes()[lane].name.clone();
                    return Err(LabError::Training { step, lane, name, reason });
                }
                self.unreported.extend([loss as f32, accuracy as f32]);
            }
        }
        Ok(noise)
    }

    /// Waits for the device and gives the metrics of all lanes after the steps made so far.
    ///
    /// # Errors
    /// [`LabError::Training`] with the step and lane where a loss ceased to be a number,
    /// [`LabError::Device`] when the device fails.
    pub async fn report(&mut self) -> Result<Report, LabError> {
        let sums = self.noise_sums.take();
        let sums = self.read_back(sums).await?;
        let noise = sums.as_ref().map(|sums| self.noise_of_lanes(sums));
        let pruning = self.lanes_where(|dense_end| dense_end < self.step);
        let layers = sums.map_or_else(Vec::new, |sums| self.noise_of_layers(&sums));
        let training = self.take_training();
        let due = self.step.is_multiple_of(self.config.eval_every()) || self.finished();
        let validation = if due { Some(self.evaluate().await?) } else { None };
        let batches = self.config.noise_batches();
        let gradient_noise = if due && batches > 0 { Some(self.gradient_noise(batches).await?) } else { None };
        let invalid = if self.finished() { Some(self.invalid_groups().await?) } else { None };
        let states = self.lane_states(self.step.saturating_sub(1));
        let spent: Vec<_> = self.meters.iter_mut().map(|meter| meter.after(self.step)).collect();
        let lanes = (0..self.lanes()).map(|lane| {
            let state = &states[lane];
            let attention = self.attention_site();
            LaneMetrics {
                training: training.as_ref().map(|training| training[lane]),
                validation: validation.as_ref().map(|(soft, _)| soft[lane]),
                validation_hard: validation.as_ref().map(|(_, hard)| hard[lane]),
                per_character: matches!(self.dataset.form(), SampleForm::Text(_)),
                learning_rate: f64::from(state.learning_rate),
                feed_forward: site_metrics(state, Site::Ff1),
                attention: attention.map(|site| site_metrics(state, site)),
                noise: noise.as_ref().map(|noise| noise[lane]),
                masks: noise.as_ref().filter(|_| pruning[lane]).map(|noise| MaskChanges::of(&noise[lane])),
                gradient_noise: gradient_noise.as_ref().map(|noise| noise[lane]),
                spent: spent[lane],
                invalid_groups: invalid.as_ref().map(|invalid| invalid[lane]),
            }
        });
        let report = Report { step: self.step, lanes: lanes.collect(), layers };
        self.record.push(&report);
        Ok(report)
    }

    /// The first attention matrix that some lane prunes.
    fn attention_site(&self) -> Option<Site> {
        let pruned = &self.tables.pruned;
        [Site::Q, Site::K, Site::V, Site::O].into_iter().find(|site| pruned[plan::kind_of(*site).index()])
    }

    fn take_training(&mut self) -> Option<Vec<Outcome>> {
        let unreported = std::mem::take(&mut self.unreported);
        let lanes = self.lanes();
        let steps = unreported.len() / (2 * lanes);
        (steps > 0).then(|| {
            let mean = |lane: usize, part: usize| {
                let values = unreported.chunks_exact(2 * lanes).map(|step| f64::from(step[2 * lane + part]));
                values.sum::<f64>() / steps as f64
            };
            (0..lanes).map(|lane| Outcome { loss: mean(lane, 0), accuracy: mean(lane, 1), exact: None }).collect()
        })
    }

    /// Indicators of every measured matrix, by lane, from the noise sums `[lanes, segments, 2 * SUMS]`.
    fn noise_of_layers(&self, sums: &[f32]) -> Vec<Vec<Noise>> {
        let lanes = sums.chunks_exact(sums.len() / self.lanes());
        lanes.map(|lane| Noise::by_segment(lane, &self.tables.measured)).collect()
    }

    /// Indicators of every lane from the noise sums `[lanes, segments, 2 * SUMS]`.
    pub(super) fn noise_of_lanes(&self, sums: &[f32]) -> Vec<Noise> {
        let lanes = sums.chunks_exact(sums.len() / self.lanes());
        lanes.map(|lane| Noise::of_segments(lane, &self.tables.measured)).collect()
    }

    /// Soft and hard outcomes on held-out data, of the network that the next step would train.
    async fn evaluate(&self) -> Result<(Vec<Outcome>, Vec<Outcome>), LabError> {
        let (states, [soft_rules, hard_rules]) = self.evaluated_rules();
        let outcome = async |rules: &[LaneRules]| {
            let (_, weights) = self.masked(rules, &self.plan(rules, &states));
            self.validation.evaluate(&self.network, &weights).await.map_err(LabError::Device)
        };
        let soft = outcome(&soft_rules).await?;
        let hard = if hard_rules == soft_rules { soft.clone() } else { outcome(&hard_rules).await? };
        Ok((soft, hard))
    }

    /// What the recipes say about the next step, and the rules of its weights as trained and hard.
    pub(super) fn evaluated_rules(&self) -> (Vec<LaneState>, [Vec<LaneRules>; 2]) {
        let step = self.step.min(self.config.steps() - 1);
        let states = self.lane_states(step);
        let soft_rules = self.rules(&states);
        (states, [soft_rules, self.hard_rules(step)])
    }

    /// Groups of every lane's hardened weights that keep too much, counted on the weights read back.
    async fn invalid_groups(&self) -> Result<Vec<usize>, LabError> {
        let step = self.step.min(self.config.steps() - 1);
        let rules = self.hard_rules(step);
        let (_, weights) = self.masked(&rules, &self.plan(&rules, &self.lane_states(step)));
        let weights = buffer::read(weights.values).await.map_err(LabError::Device)?;
        let segments = self.network.layout.segments();
        let lanes = weights.chunks_exact(self.network.layout.len).zip(&rules);
        Ok(lanes.map(|(weights, rules)| invalid_groups(weights, &segments, rules)).collect())
    }
}

fn site_metrics(state: &LaneState, site: Site) -> SiteMetrics {
    let site = &state.sites[site.index()];
    let pattern = site.pattern;
    SiteMetrics { decay: f64::from(site.decay), n: pattern.n() as f64, m: pattern.m() as f64 }
}
