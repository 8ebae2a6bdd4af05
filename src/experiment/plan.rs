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

fn rule_of(state: &SiteState, lane: &LaneConfig) -> Rule {
    Rule {
        n: state.pattern.n(),
        m: state.pattern.m(),
        decay: state.decay,
        pruned_gradient: state.pruned_gradient,
        lambda: state.srste_lambda,
        refresh: state.refresh,
        along_inputs: lane.group_axis == Axis::In,
    }
}

/// Rules for a training step.
pub fn training_rules(state: &LaneState, lane: &LaneConfig) -> LaneRules {
    let mut rules = [Rule::DENSE; SegmentKind::COUNT];
    for site in Site::ALL {
        rules[kind_of(site).index()] = rule_of(&state.sites[site.index()], lane);
    }
    rules
}

/// Rules for the network that would ship: the target pattern with D = 0. Where the lane already trains
/// under exactly that, its own mask stays, frozen or held as it may be.
pub fn hard_rules(state: &LaneState, lane: &LaneConfig, schedule: &LaneSchedule) -> LaneRules {
    let mut rules = training_rules(state, lane);
    for site in Site::ALL {
        let (target, now) = (schedule.target(site), &state.sites[site.index()]);
        let shipped = now.pattern == target && (now.decay == 0.0 || target == NmPattern::DENSE);
        if !shipped {
            let hard = SiteState { pattern: target, decay: 0.0, refresh: true, ..*now };
            rules[kind_of(site).index()] = rule_of(&hard, lane);
        }
    }
    rules
}

/// Plan row of one lane, `[plan::WIDTH]`, for the step that makes `updates` optimizer updates in all.
pub fn plan_row(rules: &LaneRules, learning_rate: f64, optimizer: &OptimizerConfig, updates: u32) -> Vec<f32> {
    let correction = |beta: f64| (1.0 - libm::pow(beta, f64::from(updates))) as f32;
    let mut row = vec![0.0; plan::WIDTH];
    row[plan::LEARNING_RATE] = learning_rate as f32;
    row[plan::CORRECTION_1] = correction(optimizer.beta1);
    row[plan::CORRECTION_2] = correction(optimizer.beta2);
    row[plan::WEIGHT_DECAY] = optimizer.weight_decay as f32;
    row[plan::CLIP_NORM] = optimizer.clip_norm as f32;
    row[plan::BETA_1] = optimizer.beta1 as f32;
    row[plan::BETA_2] = optimizer.beta2 as f32;
    row[plan::EPSILON] = optimizer.epsilon as f32;
    for (kind, rule) in rules.iter().enumerate() {
        row[plan::RULES + kind * plan::RULE_WIDTH..][..plan::RULE_WIDTH].copy_from_slice(&rule.columns());
    }
    row
}

/// Which segment kinds are pruned in some lane at some step: the weights that noise is measured on.
pub fn pruned_kinds(schedules: &[LaneSchedule]) -> [bool; SegmentKind::COUNT] {
    let mut pruned = [false; SegmentKind::COUNT];
    for schedule in schedules {
        for site in Site::ALL {
            pruned[kind_of(site).index()] |= schedule.target(site) != NmPattern::DENSE;
        }
    }
    pruned
}
