//! A lane's whole schedule: phases, stages, decay, gradient rule and learning rate.

use super::{DecayCurve, LaneState, LearningRate, Phase, Site, SiteState};
use crate::{
    config::{ExperimentConfig, GradientChoice, GradientRule, LaneConfig, MaskSchedule, Phases, Pull, Recipe},
    pattern::NmPattern,
};

/// The schedule of one lane: ask it for any step, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneSchedule {
    phases: Phases,
    /// Patterns of the sparsification phase for each site; `None` where the lane stays dense.
    stages: [Option<Vec<NmPattern>>; Site::ALL.len()],
    recipe: Recipe,
    mask_every: u32,
    decay: DecayCurve,
    gradient: GradientRule,
    lambda: f64,
    learning_rate: LearningRate,
}

impl LaneSchedule {
    /// The schedule of `lane`, which belongs to `experiment`.
    ///
    /// # Panics
    /// Never for a lane of that experiment: its validation checked the stages and the phases.
    pub fn new(lane: &LaneConfig, experiment: &ExperimentConfig) -> Self {
        let row = lane.recipe.row();
        let phases = lane.phases(experiment.steps());
        let stages = |site| {
            let target = lane.target(site)?;
            Some(row.masks.stages(target, lane.k).expect("validation checks every stage"))
        };
        let decay = match (lane.beta, lane.recipe.decays()) {
            (None, true) => {
                let j = phases.decayed_at().expect("validation checks that the decay has room");
                DecayCurve::gone_after(row.decay, j)
            }
            (beta, _) => DecayCurve::new(row.decay, beta.unwrap_or_default()),
        };
        Self {
            phases,
            stages: Site::ALL.map(stages),
            recipe: lane.recipe,
            mask_every: lane.mask_every,
            decay,
            gradient: match row.gradient {
                GradientChoice::Fixed(rule) => rule,
                GradientChoice::OfLane => lane.gradient,
            },
            lambda: lane.lambda,
            learning_rate: LearningRate::new(lane.learning_rate, experiment.optimizer(), experiment.steps()),
        }
    }

    /// Everything the lane needs at `step`, counted from 0. Past the budget it stays as it ended.
    pub fn at(&self, step: u32) -> LaneState {
        LaneState {
            phase: self.phase(step),
            sites: Site::ALL.map(|site| self.site(site, step)),
            learning_rate: self.learning_rate.at(step),
            second_moment_frozen_after: (self.recipe.row().freezes_second_moment && step >= self.phases.dense_end)
                .then_some(self.phases.dense_end),
        }
    }

    /// Pattern that `site` has in the end, for the hardened evaluation; 1:1 where it ends dense.
    pub fn target(&self, site: Site) -> NmPattern {
        if self.recipe.row().ends_dense { NmPattern::DENSE } else { self.sparsest(site) }
    }

    /// State of `site` in the network that would ship after `step`: the target pattern with D = 0.
    pub fn hard(&self, site: Site, step: u32) -> SiteState {
        let target = self.target(site);
        let soft_threshold = self.recipe.row().soft_threshold && target != NmPattern::DENSE;
        SiteState { pattern: target, decay: 0.0, refresh: true, soft_threshold, ..self.site(site, step) }
    }

    /// Whether `site` is pruned at some step.
    pub fn prunes(&self, site: Site) -> bool {
        !self.sparsest(site).is_dense()
    }

    /// Pattern at the end of the sparsification phase.
    fn sparsest(&self, site: Site) -> NmPattern {
        self.site_stages(site).last().copied().unwrap_or(NmPattern::DENSE)
    }

    /// The patterns of `site` in order, each with the step from which it holds, beginning at step 0.
    pub fn stages(&self, site: Site) -> Vec<(u32, NmPattern)> {
        let stages = self.site_stages(site);
        let count = stages.len() as u32;
        let mut list = Vec::new();
        if self.phases.dense_end > 0 || stages.is_empty() {
            list.push((0, NmPattern::DENSE));
        }
        list.extend((0..count).zip(stages).map(|(index, &stage)| (self.stage_start(index, count), stage)));
        if self.recipe.row().ends_dense && !stages.is_empty() && self.phases.finetune_start < self.phases.steps {
            list.push((self.phases.finetune_start, NmPattern::DENSE));
        }
        list
    }

    /// Where the phases begin and end.
    pub fn phases(&self) -> Phases {
        self.phases
    }

    /// The rate of D(j) per step, chosen or automatic; `None` for recipes without decay.
    pub fn beta(&self) -> Option<f64> {
        self.decay.beta()
    }

    /// Steps after the dense phase until D is one half; `None` where it never falls that far.
    pub fn half_life(&self) -> Option<f64> {
        self.decay.half_life()
    }

    /// Steps until the learning rate is at its peak.
    pub fn warmup_steps(&self) -> u32 {
        self.learning_rate.warmup_steps()
    }

    fn phase(&self, step: u32) -> Phase {
        // A lane without a dense phase to end or a fine-tune phase to begin has these at its last step.
        if step < self.phases.dense_end || self.stages.iter().all(Option::is_none) {
            Phase::Dense
        } else if step < self.phases.finetune_start || self.phases.finetune_start == self.phases.steps {
            Phase::Sparsify
        } else {
            Phase::FineTune
        }
    }

    fn site(&self, site: Site, step: u32) -> SiteState {
        let stages = self.site_stages(site);
        let phase = self.phase(step);
        if stages.is_empty() || phase == Phase::Dense || (self.recipe.row().ends_dense && phase == Phase::FineTune) {
            return SiteState::DENSE;
        }
        let decay = match phase {
            Phase::FineTune => 0.0,
            Phase::Dense | Phase::Sparsify => self.decay.at(step - self.phases.dense_end),
        };
        SiteState {
            pattern: stages[self.stage_index(step, stages.len() as u32) as usize],
            decay,
            pruned_gradient: match self.gradient {
                GradientRule::Ste => 1.0,
                GradientRule::Decayed => decay,
                GradientRule::Zero => 0.0,
            },
            srste_lambda: self.srste_lambda(step),
            soft_threshold: self.recipe.row().soft_threshold,
            refresh: self.refreshes(step, stages.len() as u32),
        }
    }

    /// The pull on pruned weights at `step`, which is not in the dense phase.
    fn srste_lambda(&self, step: u32) -> f32 {
        let ramp = f64::from(self.phases.sparsify_steps()) / 2.0;
        let risen = match self.recipe.row().pull {
            Pull::None => 0.0,
            Pull::Constant => 1.0,
            Pull::Ramped => (f64::from(step - self.phases.dense_end) / ramp).min(1.0),
        };
        (self.lambda * risen) as f32
    }

    fn site_stages(&self, site: Site) -> &[NmPattern] {
        self.stages[site.index()].as_deref().unwrap_or_default()
    }

    /// First step of stage `index` of `count`: they share the sparsification phase evenly.
    fn stage_start(&self, index: u32, count: u32) -> u32 {
        let room = u64::from(self.phases.sparsify_steps());
        let start = (u64::from(index) * room).div_ceil(u64::from(count));
        self.phases.dense_end + u32::try_from(start).expect("a share of u32 steps fits u32")
    }

    /// The stage that holds at `step`, which is not in the dense phase. The last stage is the target
    /// and goes on through the fine-tune phase.
    fn stage_index(&self, step: u32, count: u32) -> u32 {
        (1..count).rev().find(|&index| step >= self.stage_start(index, count)).unwrap_or(0)
    }

    /// A mask is selected every `mask_every` steps of j and whenever the stage changes, so that a mask
    /// never outlives its pattern; a frozen one only when j = 0.
    fn refreshes(&self, step: u32, count: u32) -> bool {
        let j = step - self.phases.dense_end;
        if self.recipe.row().masks == MaskSchedule::Frozen {
            return j == 0;
        }
        self.recipe.row().soft_threshold
            || j.is_multiple_of(self.mask_every)
            || (1..count).any(|index| step == self.stage_start(index, count))
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
