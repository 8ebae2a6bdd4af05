//! Schedules on literal values.

use serde_json::{Value, json};

use super::*;

/// The schedule of one lane: 100 steps, dense to 10, fine-tune from 80 unless `lane` says otherwise.
fn schedule(lane: &Value) -> LaneSchedule {
    let mut full = json!({"dense_frac": 0.1, "finetune_frac": 0.2, "k": 4});
    full.as_object_mut().unwrap().extend(lane.as_object().unwrap().clone());
    let experiment = ExperimentConfig::from_value(json!({
        "version": 1, "task": {"kind": "shapes"}, "steps": 100, "batch": 8, "lanes": [full],
        "model": {"d_model": 64, "d_ff": 128},
        "optimizer": {"warmup_frac": 0.0},
    }));
    let experiment = experiment.unwrap();
    LaneSchedule::new(&experiment.lanes()[0], &experiment)
}

fn stages(schedule: &LaneSchedule, site: Site) -> String {
    let stages = schedule.stages(site);
    stages.iter().map(|(step, pattern)| format!("{step}={pattern}")).collect::<Vec<_>>().join(" ")
}

fn ff(schedule: &LaneSchedule, step: u32) -> SiteState {
    schedule.at(step).sites[Site::Ff1.index()]
}

#[test]
fn a_dense_lane_is_dense_throughout() {
    let dense = schedule(&json!({"recipe": "dense"}));
    for step in [0, 10, 50, 99, 100] {
        let state = dense.at(step);
        assert_eq!((state.phase, state.sites), (Phase::Dense, [SiteState::DENSE; 6]));
    }
    assert_eq!(stages(&dense, Site::Ff1), "0=1:1");
    assert_eq!(dense.target(Site::Ff2), NmPattern::DENSE);
    assert_eq!(dense.beta(), None);
}

#[test]
fn ste_takes_the_hard_target_after_the_dense_phase() {
    let ste = schedule(&json!({"recipe": "ste", "ff": {"n": 2, "m": 4}}));
    assert_eq!(ff(&ste, 9), SiteState::DENSE);
    assert_eq!(ste.at(9).phase, Phase::Dense);
    let hard = SiteState {
        pattern: "2:4".parse().unwrap(),
        decay: 0.0,
        pruned_gradient: 1.0,
        srste_lambda: 0.0,
        soft_threshold: false,
        refresh: true,
    };
    for step in [10, 79, 80, 99] {
        assert_eq!((ff(&ste, step), ste.at(step).phase), (hard, Phase::Sparsify), "step {step}");
    }
    assert_eq!(ff(&ste, 10).density(), 0.5);
    assert_eq!(ste.at(10).sites[Site::Q.index()], SiteState::DENSE);
}

#[test]
fn srste_is_ste_with_its_term() {
    let srste = schedule(&json!({"recipe": "sr-ste", "lambda": 0.5, "gradient": "zero"}));
    assert_eq!(ff(&srste, 9).srste_lambda, 0.0);
    for step in [10, 99] {
        let state = ff(&srste, step);
        assert_eq!((state.decay, state.pruned_gradient, state.srste_lambda), (0.0, 1.0, 0.5));
    }
}

#[test]
fn linear_decay_counts_from_the_end_of_the_dense_phase() {
    let linear = schedule(&json!({"recipe": "mdgf-linear", "beta": 0.0625}));
    let decay = |step| ff(&linear, step).decay;
    assert_eq!([10, 11, 18, 25, 26, 40].map(decay), [1.0, 0.9375, 0.5, 0.0625, 0.0, 0.0]);
    assert_eq!(stages(&linear, Site::Ff1), "0=1:1 10=1:16");
}

#[test]
fn an_automatic_beta_is_done_at_70_percent_of_the_budget() {
    let linear = schedule(&json!({"recipe": "mdgf-linear"}));
    assert_eq!(linear.beta(), Some(1.0 / 60.0));
    assert_eq!((ff(&linear, 40).decay, ff(&linear, 70).decay), (0.5, 0.0));
    let exponential = schedule(&json!({"recipe": "mdgf-exponential"}));
    assert_eq!((ff(&exponential, 10).decay, ff(&exponential, 70).decay), (1.0, 1e-3));
    assert_eq!(ff(&exponential, 30).decay, 0.1);
    assert!(ff(&exponential, 79).decay > 0.0);
    assert_eq!((ff(&exponential, 80).decay, exponential.at(80).phase), (0.0, Phase::FineTune));
}

#[test]
fn the_gradient_rule_decides_what_pruned_weights_receive() {
    let pruned_gradient = |rule: &str| {
        let schedule = schedule(&json!({"recipe": "mdgf-linear", "beta": 0.0625, "gradient": rule}));
        [5, 18, 80].map(|step| ff(&schedule, step).pruned_gradient)
    };
    assert_eq!(pruned_gradient("ste"), [1.0, 1.0, 1.0]);
    assert_eq!(pruned_gradient("decayed"), [1.0, 0.5, 0.0]);
    assert_eq!(pruned_gradient("zero"), [1.0, 0.0, 0.0]);
}

#[test]
fn stages_share_the_sparsification_phase_evenly() {
    let stepwise = schedule(&json!({"recipe": "sdgf-stepwise"}));
    assert_eq!(stages(&stepwise, Site::Ff1), "0=1:1 10=15:16 24=8:16 38=4:16 52=2:16 66=1:16");
    let patterns = [10, 23, 24, 65, 66, 80, 99].map(|step| ff(&stepwise, step).pattern.to_string());
    assert_eq!(patterns, ["15:16", "15:16", "8:16", "2:16", "1:16", "1:16", "1:16"]);
    assert_eq!(ff(&stepwise, 30).decay, 0.0);

    // 70 steps in 4 stages: the boundaries at 17.5 and 52.5 fall on the next whole step.
    let geometric = schedule(&json!({"recipe": "sdgf-geometric", "k": 8, "ff": {"n": 1, "m": 8}}));
    assert_eq!(stages(&geometric, Site::Ff1), "0=1:1 10=8:64 28=4:32 45=2:16 63=1:8");
    let densify = schedule(&json!({"recipe": "densify", "ff": {"n": 1, "m": 4}, "dense_frac": 0.0}));
    assert_eq!(stages(&densify, Site::Ff1), "0=1:32 20=1:16 40=1:8 60=1:4");
}

#[test]
fn attention_has_its_own_pattern_and_stages() {
    let lane = json!({
        "recipe": "sdgf-stepwise", "ff": null, "attention": {"n": 2, "m": 4}, "locations": ["o", "q"]
    });
    let attention = schedule(&lane);
    assert_eq!(stages(&attention, Site::Q), "0=1:1 10=3:4 45=2:4");
    assert_eq!(stages(&attention, Site::O), stages(&attention, Site::Q));
    assert_eq!(stages(&attention, Site::K), "0=1:1");
    assert_eq!(attention.target(Site::O).to_string(), "2:4");
    assert_eq!(attention.at(99).sites[Site::Ff1.index()], SiteState::DENSE);
    assert_eq!(attention.at(99).phase, Phase::FineTune);
}

#[test]
fn masks_are_held_between_selections_but_never_past_their_stage() {
    let selects = |lane: &Value| -> Vec<u32> {
        let schedule = schedule(lane);
        (10..100).filter(|&step| ff(&schedule, step).refresh).collect()
    };
    assert_eq!(selects(&json!({"recipe": "ste", "mask_every": 30})), [10, 40, 70]);
    assert_eq!(selects(&json!({"recipe": "sdgf-stepwise", "mask_every": 30})), [10, 24, 38, 40, 52, 66, 70]);
    assert_eq!(selects(&json!({"recipe": "one-shot", "mask_every": 30})), [10]);
    assert_eq!(selects(&json!({"recipe": "mdgf-linear"})).len(), 90);
}

#[test]
fn a_one_shot_mask_lets_pruned_weights_rest() {
    let one_shot = schedule(&json!({"recipe": "one-shot", "gradient": "ste"}));
    let state = ff(&one_shot, 50);
    assert_eq!((state.pattern.to_string().as_str(), state.decay, state.pruned_gradient), ("1:16", 0.0, 0.0));
    assert_eq!(one_shot.at(99).phase, Phase::Sparsify);
}

#[test]
fn the_learning_rate_of_the_lane_is_its_own() {
    let schedule = schedule(&json!({"recipe": "ste", "learning_rate": 0.25}));
    assert_eq!([0, 50, 100].map(|step| schedule.at(step).learning_rate), [0.25, 0.125, 0.0]);
}

/// Huang et al. 2025: the authors' code (thu-ml/Adaptive-Sparse-Trainer, `get_decay`) ramps over half of its steps.
#[test]
fn annealed_srste_raises_lambda_to_the_middle_of_the_sparsification_phase() {
    let annealed = schedule(&json!({"recipe": "sr-ste-annealed", "lambda": 0.5, "finetune_frac": 0.9}));
    let lambda = |step| ff(&annealed, step).srste_lambda;
    assert_eq!([9, 10, 19, 28, 55, 56, 99].map(lambda), [0.0, 0.0, 0.1, 0.2, 0.5, 0.5, 0.5]);
    let srste = ff(&schedule(&json!({"recipe": "sr-ste", "lambda": 0.5})), 99);
    assert_eq!(ff(&annealed, 99), srste);
}

/// Hu et al. 2024: the threshold moves with the weights, so no mask is held.
#[test]
fn s_ste_thresholds_softly_under_the_target_and_holds_no_mask() {
    let soft = schedule(&json!({"recipe": "s-ste", "ff": {"n": 2, "m": 4}, "mask_every": 30}));
    assert!(!ff(&soft, 9).soft_threshold);
    for step in [10, 11, 99] {
        let state = ff(&soft, step);
        assert_eq!((state.pattern.to_string().as_str(), state.decay, state.pruned_gradient), ("2:4", 0.0, 1.0));
        assert!(state.soft_threshold && state.refresh);
    }
    assert!(soft.hard(Site::Ff1, 0).soft_threshold && !soft.hard(Site::Q, 0).soft_threshold);
}

/// Lu et al. 2023: the second phase keeps the second moment of the first.
#[test]
fn step_freezes_the_second_moment_when_the_dense_phase_ends() {
    let step = schedule(&json!({"recipe": "step"}));
    let frozen = |at| step.at(at).second_moment_frozen_after;
    assert_eq!([0, 9, 10, 99].map(frozen), [None, None, Some(10), Some(10)]);
    let ste = schedule(&json!({"recipe": "ste"}));
    assert_eq!(ff(&step, 50), ff(&ste, 50));
    assert_eq!(ste.at(50).second_moment_frozen_after, None);
}

#[test]
fn the_combination_has_the_stages_of_one_and_the_decay_of_the_other() {
    let both = schedule(&json!({"recipe": "mdgf-sdgf"}));
    let exponential = schedule(&json!({"recipe": "mdgf-exponential"}));
    assert_eq!(stages(&both, Site::Ff1), "0=1:1 10=15:16 24=8:16 38=4:16 52=2:16 66=1:16");
    for step in [10, 23, 24, 50, 79, 80] {
        assert_eq!(ff(&both, step).decay, ff(&exponential, step).decay, "step {step}");
    }
}

/// Hu et al. 2024, arXiv 2404.01847: the last part of the pre-training is dense.
#[test]
fn a_sparse_lane_can_end_dense() {
    let lane = schedule(&json!({"recipe": "sparse-then-dense", "lambda": 0.5}));
    assert_eq!(stages(&lane, Site::Ff1), "0=1:1 10=1:16 80=1:1");
    assert_eq!((ff(&lane, 79).pattern.to_string().as_str(), ff(&lane, 79).srste_lambda), ("1:16", 0.5));
    assert_eq!((ff(&lane, 80), lane.at(80).phase), (SiteState::DENSE, Phase::FineTune));
    assert_eq!(lane.target(Site::Ff1), NmPattern::DENSE);
    assert!(lane.prunes(Site::Ff1) && !lane.prunes(Site::Q));
}

#[test]
fn every_recipe_ends_in_the_network_that_ships() {
    for recipe in Recipe::ALL.into_iter().filter(|recipe| recipe.prunes()) {
        let schedule = schedule(&json!({"recipe": recipe, "ff": {"n": 1, "m": 8}}));
        let last = ff(&schedule, 99);
        let shipped = if recipe.row().ends_dense { (NmPattern::DENSE, 1.0) } else { ("1:8".parse().unwrap(), 0.0) };
        assert_eq!((last.pattern, last.decay), shipped, "{recipe:?}");
        assert_eq!(schedule.target(Site::Ff1), last.pattern);
        assert!((0..100).all(|step| (0.0..=1.0).contains(&ff(&schedule, step).decay)), "{recipe:?}");
    }
}
