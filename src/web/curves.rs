//! What a schedule plot shows: the recipes' prescriptions over the whole run, known before it starts.

use serde::Serialize;

use crate::config::{ExperimentConfig, LaneConfig, Site};
use crate::sparsity::LaneSchedule;

/// Points of a curve beside those at its jumps.
const POINTS: u32 = 200;

/// One lane's prescriptions over the steps. Curves are of the feed-forward matrices, or of the pruned
/// attention matrices in a lane that keeps the former dense.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Schedule {
    /// Steps at which the curves are given, ascending.
    pub steps: Vec<u32>,
    /// D(j).
    pub decay: Vec<f64>,
    /// Weights kept per group.
    pub n: Vec<usize>,
    /// Weights per group.
    pub m: Vec<usize>,
    /// N / M.
    pub density: Vec<f64>,
    /// Learning rate.
    pub learning_rate: Vec<f64>,
    /// Patterns with the step from which they hold.
    pub stages: Vec<Stage>,
    /// Step at which the dense phase ends.
    pub dense_end: u32,
    /// Step at which the fine-tune phase starts.
    pub finetune_start: u32,
    /// Steps until the learning rate is at its peak.
    pub warmup_steps: u32,
    /// Rate of D(j) per step; null for recipes without decay.
    pub beta: Option<f64>,
    /// Steps after the dense phase until D is one half; null where it never falls that far.
    pub half_life: Option<f64>,
}

/// A pattern and the step from which it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Stage {
    /// First step.
    pub step: u32,
    /// `N:M`, or `dense`.
    pub label: String,
}

/// Curves of every lane.
pub fn schedules(config: &ExperimentConfig) -> Vec<Schedule> {
    config.lanes().iter().map(|lane| schedule(lane, config)).collect()
}

fn schedule(lane: &LaneConfig, config: &ExperimentConfig) -> Schedule {
    let schedule = LaneSchedule::new(lane, config);
    let site = Site::ALL.into_iter().find(|site| lane.target(*site).is_some()).unwrap_or(Site::Ff1);
    let phases = schedule.phases();
    let stages = schedule.stages(site);
    let steps = sample(config.steps(), stages.iter().map(|(step, _)| *step).chain([phases.finetune_start]));
    let states: Vec<_> = steps.iter().map(|step| schedule.at(*step)).collect();
    let site_states = || states.iter().map(|state| state.sites[site.index()]);
    Schedule {
        decay: site_states().map(|site| f64::from(site.decay)).collect(),
        n: site_states().map(|site| site.pattern.n()).collect(),
        m: site_states().map(|site| site.pattern.m()).collect(),
        density: site_states().map(|site| site.density()).collect(),
        learning_rate: states.iter().map(|state| f64::from(state.learning_rate)).collect(),
        stages: stages.iter().map(|(step, pattern)| stage(*step, *pattern)).collect(),
        dense_end: phases.dense_end,
        finetune_start: phases.finetune_start,
        warmup_steps: schedule.warmup_steps(),
        beta: schedule.beta(),
        half_life: schedule.half_life(),
        steps,
    }
}

fn stage(step: u32, pattern: crate::pattern::NmPattern) -> Stage {
    Stage { step, label: if pattern.is_dense() { "dense".into() } else { pattern.to_string() } }
}

/// Evenly spaced steps, and both sides of every jump.
fn sample(steps: u32, jumps: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut at: Vec<u32> = (0..steps).step_by(steps.div_ceil(POINTS) as usize).collect();
    at.extend(jumps.flat_map(|jump| [jump.saturating_sub(1), jump]));
    at.push(steps - 1);
    at.retain(|step| *step < steps);
    at.sort_unstable();
    at.dedup();
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PRESETS;

    #[test]
    fn samples_hold_both_sides_of_a_jump_and_both_ends() {
        let at = sample(1000, [17, 500].into_iter());
        for step in [0, 16, 17, 499, 500, 999] {
            assert!(at.contains(&step), "{step}");
        }
        assert!(at.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(sample(1, [0, 1].into_iter()), [0]);
    }

    #[test]
    fn the_default_lanes_show_their_stages() {
        let schedules = schedules(&PRESETS[0].experiment());
        assert_eq!(schedules[0].stages, [Stage { step: 0, label: "dense".into() }]);
        let stepwise: Vec<_> = schedules[3].stages.iter().map(|stage| stage.label.as_str()).collect();
        assert_eq!(stepwise, ["dense", "15:16", "8:16", "4:16", "2:16", "1:16"]);
        assert!(schedules[2].beta.is_some() && schedules[1].beta.is_none());
    }
}
