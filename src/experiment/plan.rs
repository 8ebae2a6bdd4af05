//! Turns what the recipes say about a step into the plan that the kernels read.

use crate::config::{Axis, LaneConfig, OptimizerConfig, Site};
use crate::kernels::{SegmentKind, plan, plan::Rule};
use crate::pattern::NmPattern;
use crate::sparsity::{LaneSchedule, LaneState, SiteState};

/// Rules of every segment kind of one lane.
pub type LaneRules = [Rule; SegmentKind::COUNT];

/// The plan row that rules a site's matrices.
pub fn kind_of(site: Site) -> SegmentKind {
    match site {
        Site::Ff1 => SegmentKind::Ff1,
        Site::Ff2 => SegmentKind::Ff2,
        Site::Q => SegmentKind::Q,
        Site::K => SegmentKind::K,
        Site::V => SegmentKind::V,
        Site::O => SegmentKind::O,
    }
}

/// Scale of soft-thresholded weights per segment kind of one lane; see [`super::soft_scale`].
pub type SoftScales = [f32; SegmentKind::COUNT];

fn rule_of(state: &SiteState, lane: &LaneConfig, soft_scale: f32) -> Rule {
    Rule {
        n: state.pattern.n(),
        m: state.pattern.m(),
        decay: state.decay,
        pruned_gradient: state.pruned_gradient,
        lambda: state.srste_lambda,
        refresh: state.refresh,
        along_inputs: lane.group_axis == Axis::In,
        soft_scale: if state.soft_threshold { soft_scale } else { 0.0 },
        packed: false,
    }
}

/// Marks what products read in packed form: hard masks of at most `density`. Both forms give the same results, so
/// this is only a question of speed.
pub fn packed_up_to(density: f64, mut rules: LaneRules) -> LaneRules {
    for rule in &mut rules {
        rule.packed = rule.decay == 0.0 && rule.n < rule.m && rule.n as f64 <= density * rule.m as f64;
    }
    rules
}

/// Rules for a training step.
pub fn training_rules(state: &LaneState, lane: &LaneConfig, scales: &SoftScales) -> LaneRules {
    let mut rules = [Rule::DENSE; SegmentKind::COUNT];
    for site in Site::ALL {
        let kind = kind_of(site).index();
        rules[kind] = rule_of(&state.sites[site.index()], lane, scales[kind]);
    }
    rules
}

/// Rules for the network that would ship after `step`. Where the lane already trains under exactly that, its own mask
/// stays, frozen or held as it may be.
pub fn hard_rules(schedule: &LaneSchedule, step: u32, lane: &LaneConfig, scales: &SoftScales) -> LaneRules {
    let state = schedule.at(step);
    let mut rules = training_rules(&state, lane, scales);
    for site in Site::ALL {
        let (target, now) = (schedule.target(site), &state.sites[site.index()]);
        let shipped = now.pattern == target && (now.decay == 0.0 || target == NmPattern::DENSE);
        if !shipped {
            let kind = kind_of(site).index();
            rules[kind] = rule_of(&schedule.hard(site, step), lane, scales[kind]);
        }
    }
    rules
}

/// Plan row of one lane, `[plan::WIDTH]`, for the step that makes `updates` optimizer updates in all.
///
/// A frozen second moment is a `beta2` of 1 under the bias correction of its last update.
pub fn plan_row(rules: &LaneRules, state: &LaneState, optimizer: &OptimizerConfig, updates: u32) -> Vec<f32> {
    let frozen_after = state.second_moment_frozen_after;
    let correction = |beta: f64, updates: u32| (1.0 - libm::pow(beta, f64::from(updates))) as f32;
    let mut row = plan::row_of(rules);
    row[plan::LEARNING_RATE] = state.learning_rate;
    row[plan::CORRECTION_1] = correction(optimizer.beta1, updates);
    row[plan::CORRECTION_2] = correction(optimizer.beta2, frozen_after.unwrap_or(updates));
    row[plan::WEIGHT_DECAY] = optimizer.weight_decay as f32;
    row[plan::CLIP_NORM] = optimizer.clip_norm as f32;
    row[plan::BETA_1] = optimizer.beta1 as f32;
    row[plan::BETA_2] = if frozen_after.is_some() { 1.0 } else { optimizer.beta2 as f32 };
    row[plan::EPSILON] = optimizer.epsilon as f32;
    row
}

/// Which segment kinds are pruned in some lane at some step: the weights that noise is measured on.
pub fn pruned_kinds(schedules: &[LaneSchedule]) -> [bool; SegmentKind::COUNT] {
    let mut pruned = [false; SegmentKind::COUNT];
    for schedule in schedules {
        for site in Site::ALL {
            pruned[kind_of(site).index()] |= schedule.prunes(site);
        }
    }
    pruned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sparsity::Phase;

    /// With `beta2 = 1` AdamW's `v = beta2 v + (1 - beta2) g^2` keeps v to the bit.
    #[test]
    fn a_frozen_second_moment_keeps_its_value_and_its_correction() {
        let optimizer = OptimizerConfig {
            beta1: 0.5,
            beta2: 0.75,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip_norm: 1.0,
            warmup_frac: 0.0,
            final_lr_frac: 0.0,
        };
        let corrections = |frozen| {
            let state = LaneState {
                phase: Phase::Sparsify,
                sites: [SiteState::DENSE; Site::ALL.len()],
                learning_rate: 0.25,
                second_moment_frozen_after: frozen,
            };
            let row = plan_row(&[Rule::DENSE; SegmentKind::COUNT], &state, &optimizer, 3);
            [row[plan::CORRECTION_1], row[plan::CORRECTION_2], row[plan::BETA_2]]
        };
        assert_eq!(corrections(None), [0.875, 1.0 - 0.75 * 0.75 * 0.75, 0.75]);
        assert_eq!(corrections(Some(2)), [0.875, 1.0 - 0.75 * 0.75, 1.0]);
    }
}
