//! FLOPs of training, and how dense it was. The paper reports training FLOPs without a formula; this is the lab's.
//!
//! For every linear map `F = 2 * tokens * inputs * outputs` per sample. The forward pass and the gradient of the input
//! cost `F * s` each, the gradient of the weight `F * s_w`. Two counts differ in `s`:
//!
//! * honest: `s` is N/M when the weight is hard-masked at that step and 1 while D > 0, because then every weight takes
//!   part; `s_w` is 1, or N/M when pruned weights get no gradient.
//! * ideal: both are N/M of the mask F, whatever D and the gradient rule are.
//!
//! The attention products cost one forward and two backward passes; the patch embedding has no input gradient.
//! Norms, the optimizer, mask selection and evaluation are not counted.

use super::NetworkShape;
use crate::config::Site;
use crate::sparsity::{LaneSchedule, LaneState, SiteState};

/// FLOPs of one training step, by both counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepFlops {
    /// What dense and hard-masked products would cost as trained.
    pub honest: f64,
    /// What they would cost if every product skipped what F prunes.
    pub ideal: f64,
}

/// What a lane has spent on its training so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// FLOPs of all steps.
    pub flops: StepFlops,
    /// Sum over the steps of the share of block weights inside F.
    density_sum: f64,
    /// Sum over the steps of the share of block weights that take part in the forward pass.
    active_sum: f64,
    steps: u32,
}

/// FLOPs of a step on `batch` samples.
pub fn step_flops(shape: &NetworkShape, state: &LaneState, batch: usize) -> StepFlops {
    let mut flops = 3.0 * (shape.attention_products_flops() + shape.head_flops()) + 2.0 * shape.embedding_flops();
    let mut ideal = flops;
    for site in Site::ALL {
        let (full, site) = (shape.site_flops(site), &state.sites[site.index()]);
        let weight_gradient = if site.pruned_gradient == 0.0 { site.density() } else { 1.0 };
        flops += full * (2.0 * active(site) + weight_gradient);
        ideal += 3.0 * full * site.density();
    }
    StepFlops { honest: flops * batch as f64, ideal: ideal * batch as f64 }
}

/// Share of a site's weights that take part in the forward pass.
fn active(site: &SiteState) -> f64 {
    if site.decay > 0.0 { 1.0 } else { site.density() }
}

/// Mean of `share` over the matrices of a block, by their number of weights.
fn block_mean(shape: &NetworkShape, state: &LaneState, share: impl Fn(&SiteState) -> f64) -> f64 {
    let weights = |site: Site| shape.weights(site) as f64;
    let all: f64 = Site::ALL.into_iter().map(weights).sum();
    Site::ALL.into_iter().map(|site| weights(site) * share(&state.sites[site.index()])).sum::<f64>() / all
}

impl Spent {
    fn add(&mut self, shape: &NetworkShape, state: &LaneState, batch: usize) {
        let step = step_flops(shape, state, batch);
        self.flops.honest += step.honest;
        self.flops.ideal += step.ideal;
        self.density_sum += block_mean(shape, state, SiteState::density);
        self.active_sum += block_mean(shape, state, active);
        self.steps += 1;
    }

    /// Mean share of the blocks' matrix weights inside F over the steps made; NaN before the first.
    pub fn average_density(&self) -> f64 {
        self.density_sum / f64::from(self.steps)
    }

    /// Mean share of the blocks' matrix weights that took part in the forward pass; NaN before the first step.
    pub fn average_active(&self) -> f64 {
        self.active_sum / f64::from(self.steps)
    }
}

/// Adds up what a lane has spent, following its schedule.
#[derive(Clone, Debug)]
pub struct Meter {
    shape: NetworkShape,
    schedule: LaneSchedule,
    batch: usize,
    spent: Spent,
}

impl Meter {
    /// A meter at step 0.
    pub fn new(shape: NetworkShape, schedule: LaneSchedule, batch: usize) -> Self {
        Self { shape, schedule, batch, spent: Spent::default() }
    }

    /// What the first `steps` steps cost. Asking in ascending order adds only the new ones.
    pub fn after(&mut self, steps: u32) -> Spent {
        if steps < self.spent.steps {
            self.spent = Spent::default();
        }
        while self.spent.steps < steps {
            let state = self.schedule.at(self.spent.steps);
            self.spent.add(&self.shape, &state, self.batch);
        }
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::ExperimentConfig;
    use crate::cost::StackCost;

    /// FF is half of the block's matrix weights; one block without attention products to speak of.
    fn shape() -> NetworkShape {
        let stack = StackCost { tokens: 1, pairs: 1.0, memory_tokens: None, inputs: 16, lookup: false };
        NetworkShape { stacks: vec![stack], layers: 1, d_model: 64, d_ff: 128, classes: 10, answers: 1 }
    }

    /// Dense products of a step on one sample that no pattern touches: Q, K, V, O, attention, head, embedding.
    const REST: f64 = 3.0 * (4.0 * 8192.0 + 256.0 + 1280.0) + 2.0 * 2048.0;
    /// One product with both feed-forward matrices.
    const FF: f64 = 2.0 * 2.0 * 64.0 * 128.0;

    fn meter(lane: &Value) -> Meter {
        let experiment = ExperimentConfig::from_value(json!({
            "version": 1, "task": {"kind": "shapes"}, "steps": 100, "batch": 8, "lanes": [lane],
            "model": {"layers": 1, "d_model": 64, "d_ff": 128},
        }));
        let experiment = experiment.unwrap();
        Meter::new(shape(), LaneSchedule::new(&experiment.lanes()[0], &experiment), 1)
    }

    #[test]
    fn a_dense_step_is_three_forward_passes_less_one_embedding() {
        let spent = meter(&json!({"recipe": "dense"})).after(1);
        assert_eq!(spent.flops, StepFlops { honest: REST + 3.0 * FF, ideal: REST + 3.0 * FF });
        let forward = shape().cost(|_| crate::pattern::NmPattern::DENSE).inference.total_flops();
        assert_eq!(spent.flops.honest, 3.0 * forward - shape().embedding_flops());
        assert_eq!((spent.average_density(), spent.average_active()), (1.0, 1.0));
    }

    #[test]
    fn a_hard_mask_saves_forward_and_input_gradient_but_ste_pays_for_the_whole_weight_gradient() {
        let lane = json!({"recipe": "sr-ste", "ff": {"n": 1, "m": 4}, "dense_frac": 0.5});
        let mut meter = meter(&lane);
        assert_eq!(meter.after(50).flops.honest, 50.0 * (REST + 3.0 * FF));
        let spent = meter.after(100);
        assert_eq!(spent.flops.honest, 100.0 * REST + 50.0 * 3.0 * FF + 50.0 * (0.5 + 1.0) * FF);
        assert_eq!(spent.flops.ideal, 100.0 * REST + 50.0 * 3.0 * FF + 50.0 * 0.75 * FF);
        // Half of the block's weights keep a quarter for half of the time.
        assert_eq!((spent.average_density(), spent.average_active()), (0.8125, 0.8125));
    }

    #[test]
    fn a_fading_weight_costs_as_much_as_a_kept_one_until_it_is_gone() {
        let lane = json!({"recipe": "mdgf-linear", "beta": 0.02, "gradient": "zero", "ff": {"n": 1, "m": 4},
            "dense_frac": 0.0, "finetune_frac": 0.2});
        let spent = meter(&lane).after(100);
        // D is above 0 for 50 steps; pruned weights never get a gradient.
        let weight_gradient = 100.0 * 0.25 * FF;
        assert_eq!(spent.flops.honest, 100.0 * REST + 2.0 * FF * (50.0 + 50.0 * 0.25) + weight_gradient);
        assert_eq!(spent.flops.ideal, 100.0 * REST + 100.0 * 0.75 * FF);
        assert_eq!((spent.average_density(), spent.average_active()), (0.625, 0.8125));
    }

    #[test]
    fn a_meter_may_be_asked_in_any_order() {
        let lane = json!({"recipe": "sdgf-stepwise", "ff": {"n": 1, "m": 8}});
        let mut forth = meter(&lane);
        let (early, late) = (forth.after(30), forth.after(90));
        assert!(early.flops.honest < late.flops.honest);
        assert_eq!(forth.after(30), early);
        assert_eq!(meter(&lane).after(90), late);
        assert!(meter(&lane).after(0).average_density().is_nan());
    }
}
