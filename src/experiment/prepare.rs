//! Has a GPU's kernels compiled before the steps that need them.

use std::mem::{replace, take};

use super::plan::LaneRules;
use super::run::Experiment;
use crate::kernels::{CompileOnly, MaskGrid, PackedLanes, SegmentKind};
use burn::tensor::Device;

/// What was compiled ahead.
#[derive(Default)]
pub(super) struct Prepared {
    /// Steps looked at: those before this one.
    until: u32,
    steps: Vec<StepForms>,
    evaluations: Vec<[WeightForms; 2]>,
}

/// What decides which kernels a training step launches.
#[derive(Clone, Copy, PartialEq)]
struct StepForms {
    weights: WeightForms,
    /// Some lane's pruning begins.
    begins: bool,
    reports: bool,
}

/// What decides which kernels make and read masked weights.
#[derive(Clone, Copy, PartialEq)]
struct WeightForms {
    packed: [PackedLanes; SegmentKind::COUNT],
    mask: MaskGrid,
}

impl Experiment {
    /// Launches the kernels of the steps before `until` and of their evaluations without running them, as far as no step
    /// before launched the same: the device compiles them. Nothing else changes. Says whether there were any.
    ///
    /// For the page only: on every thread of the process all launches are dropped meanwhile.
    pub fn prepare(&mut self, until: u32) -> bool {
        let until = until.min(self.config.steps());
        let from = self.prepared.until.max(self.step);
        self.prepared.until = self.prepared.until.max(until);
        let mut launched = false;
        for step in from..until {
            launched |= self.prepare_step(step);
            let next = step + 1;
            if next.is_multiple_of(self.config.eval_every()) || next == self.config.steps() {
                launched |= self.prepare_evaluation(next);
            }
        }
        launched
    }

    fn prepare_step(&mut self, step: u32) -> bool {
        let weights = self.weight_forms(&self.rules(&self.lane_states(step)));
        let begins = self.lanes_where(|dense_end| dense_end == step).contains(&true);
        let next = step + 1;
        let reports = next.is_multiple_of(self.config.report_every()) || next == self.config.steps();
        let forms = StepForms { weights, begins, reports };
        if self.device == Device::flex() || self.prepared.steps.contains(&forms) {
            return false;
        }
        self.prepared.steps.push(forms);
        self.compile_at(step, Self::train_step);
        true
    }

    /// As [`prepare`](Self::prepare), for the evaluation after `step` steps.
    pub fn prepare_evaluation(&mut self, step: u32) -> bool {
        let now = replace(&mut self.step, step);
        let (states, rules) = self.evaluated_rules();
        self.step = now;
        let forms = rules.each_ref().map(|rules| self.weight_forms(rules));
        if self.device == Device::flex() || self.prepared.evaluations.contains(&forms) {
            return false;
        }
        self.prepared.evaluations.push(forms);
        self.compile_at(step, |run| {
            for rules in &rules {
                let (_, weights) = run.masked(rules, &run.plan(rules, &states));
                run.validation.launch(&run.network, &weights);
            }
        });
        true
    }

    /// Has what `launch` launches at `step` compiled, and leaves the run as it was.
    fn compile_at(&mut self, step: u32, launch: impl FnOnce(&mut Self)) {
        let _compile_only = CompileOnly::new();
        let (state, now) = (self.state.clone(), replace(&mut self.step, step));
        let (outcomes, noise_sums) = (take(&mut self.outcomes), take(&mut self.noise_sums));
        launch(self);
        (self.state, self.step, self.outcomes, self.noise_sums) = (state, now, outcomes, noise_sums);
    }

    fn weight_forms(&self, rules: &[LaneRules]) -> WeightForms {
        WeightForms { packed: PackedLanes::of(rules), mask: self.network.layout.mask_grid(rules) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;
    use crate::data::Dataset;
    use crate::kernels::{Products, Tile};
    use serde_json::json;

    /// Which lanes read the first feed-forward matrix packed at step 0, where packing pays up to `packed_density`.
    fn packed(patterns: &[(usize, usize)], packed_density: f64) -> PackedLanes {
        let lanes: Vec<_> = patterns
            .iter()
            .map(|(n, m)| json!({ "recipe": "sr-ste", "ff": { "n": n, "m": m }, "dense_frac": 0 }))
            .collect();
        let document = json!({
            "version": 1,
            "name": "Forms",
            "task": { "kind": "shapes" },
            "model": { "layers": 1, "heads": 1, "d_model": 16, "d_ff": 32, "patch": 8 },
            "lanes": lanes,
            "steps": 10,
            "batch": 4,
            "eval": { "every": 10, "samples": 4 },
        });
        let config = ExperimentConfig::from_value(document).expect("valid");
        let dataset = Dataset::generated(config.task()).expect("generated");
        let run = Experiment::new(config, dataset, Device::flex()).expect("it fits");
        let run = run.with_products(Products { packed_density, tile: Tile::default() });
        run.weight_forms(&run.rules(&run.lane_states(0))).packed[SegmentKind::Ff1.index()]
    }

    #[test]
    fn lanes_of_2_4_train_dense_where_a_probe_found_dense_products_faster() {
        assert_eq!(packed(&[(2, 4)], 0.25), PackedLanes::None);
        assert_eq!(packed(&[(2, 4), (1, 4)], 0.25), PackedLanes::Some);
        assert_eq!(packed(&[(2, 4), (1, 4)], 0.5), PackedLanes::All);
        assert_eq!(packed(&[(1, 16)], 0.0), PackedLanes::None);
    }
}
