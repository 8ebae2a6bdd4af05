//! An experiment in the words of the paper authors' code: the keys of their training configurations.
//!
//! The keys and values are those of `readme_sparsity.md` and the YAML files in the authors' repository
//! (`abhibambhaniya/progressive_gradient_flow_nm_sparsity`, a fork of timm). `docs/FORMATS.md` says what has no
//! counterpart.

use std::fmt::Write;

use super::{Axis, Decay, ExperimentConfig, LaneConfig, MaskSchedule, Recipe, Site};

/// One lane as YAML in the authors' keys. What their code cannot express stands in comments.
pub fn yaml(config: &ExperimentConfig, lane: usize) -> String {
    let (name, lane) = (config.name(), &config.lanes()[lane]);
    let mut text = format!("# Lane \"{}\" of the nmflow experiment \"{}\".\n", oneline(&lane.name), oneline(name));
    for note in notes(config, lane) {
        writeln!(text, "# {note}").expect("text grows");
    }
    for (key, value) in keys(config, lane) {
        writeln!(text, "{key}: {value}").expect("text grows");
    }
    text
}

/// Names come from documents of anyone, and YAML ends a comment at more characters than a line feed.
fn oneline(name: &str) -> String {
    name.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }).collect()
}

fn keys(config: &ExperimentConfig, lane: &LaneConfig) -> Vec<(&'static str, String)> {
    let optimizer = config.optimizer();
    let mut keys = vec![
        ("batch_size", config.batch().to_string()),
        ("seed", lane.seed.to_string()),
        ("opt", "adamw".into()),
        ("opt_betas", format!("[{}, {}]", optimizer.beta1, optimizer.beta2)),
        ("opt_eps", optimizer.epsilon.to_string()),
        ("weight_decay", optimizer.weight_decay.to_string()),
        ("clip_grad", optimizer.clip_norm.to_string()),
        ("clip_mode", "norm".into()),
        ("sched", "cosine".into()),
        ("sched_on_updates", "true".into()),
        ("lr", lane.learning_rate.to_string()),
        ("min_lr", (lane.learning_rate * optimizer.final_lr_frac).to_string()),
    ];
    keys.extend(sparsity_keys(config, lane));
    keys
}

fn sparsity_keys(config: &ExperimentConfig, lane: &LaneConfig) -> Vec<(&'static str, String)> {
    let kind = match lane.recipe {
        _ if !lane.recipe.prunes() => "DENSE",
        Recipe::SrSte => "SRSTE",
        _ => "STRUCTURED_NM",
    };
    let mut keys = vec![("sparsity_type", kind.to_owned())];
    if !lane.recipe.prunes() {
        return keys;
    }
    let row = lane.recipe.row();
    let decay = match row.decay {
        Decay::Hard => "STEP",
        Decay::Linear => "LINEAR",
        Decay::Exponential => "EXP",
    };
    keys.push(("decay_type", decay.to_owned()));
    if let Some(beta) = lane.beta.filter(|_| row.decay != Decay::Hard) {
        keys.push(("decay_coef", beta.to_string()));
    }
    let structure = match row.masks {
        MaskSchedule::Stepwise => Some("sparsify"),
        MaskSchedule::Geometric => Some("fine"),
        MaskSchedule::Densify => Some("densify"),
        MaskSchedule::AllOnes | MaskSchedule::Target | MaskSchedule::Frozen => None,
    };
    keys.push(("structure_decay_flag", structure.is_some().to_string()));
    keys.extend(structure.map(|kind| ("structure_decay_type", kind.to_owned())));
    let phases = lane.phases(config.steps());
    let share = |steps: u32| (f64::from(steps) / f64::from(config.steps())).to_string();
    keys.push(("dense_epochs", share(phases.dense_end)));
    keys.push(("fine_tune_epochs", share(config.steps() - phases.finetune_start)));
    keys.push(("sparsity_loc", locations(lane)));
    for (pattern, n, m) in [(lane.ff, "n_sparsity", "m_sparsity"), (lane.attention, "n_sparsity_qkv", "m_sparsity_qkv")]
    {
        if let Some(pattern) = pattern {
            keys.extend([(n, pattern.n().to_string()), (m, pattern.m().to_string())]);
        }
    }
    keys.push(("sparse_dim", if lane.group_axis == Axis::In { "ROW" } else { "COL" }.to_owned()));
    keys
}

fn locations(lane: &LaneConfig) -> String {
    let letter = |site: &Site| match site {
        Site::Q => "Q",
        Site::K => "K",
        Site::V => "V",
        Site::Ff1 | Site::Ff2 | Site::O => "",
    };
    let attention: String = lane.attention_sites.iter().map(letter).collect();
    if lane.ff.is_some() { format!("FF{attention}") } else { attention }
}

/// What their code cannot express.
fn notes(config: &ExperimentConfig, lane: &LaneConfig) -> Vec<String> {
    let mut notes = vec![
        format!("Steps: {}. Their code counts epochs; epochs = steps * batch_size / training samples.", config.steps()),
        "Their code reads the phases as shares of the epochs and rounds them to whole ones.".to_owned(),
    ];
    let known = [
        Recipe::Dense,
        Recipe::Ste,
        Recipe::SrSte,
        Recipe::MdgfLinear,
        Recipe::MdgfExponential,
        Recipe::SdgfStepwise,
        Recipe::SdgfGeometric,
        Recipe::Densify,
    ];
    if !known.contains(&lane.recipe) {
        notes.push(format!("Their code has no recipe \"{}\": these keys are the nearest it knows.", lane.recipe.id()));
    }
    if lane.recipe == Recipe::SrSte {
        notes.push(format!("lambda is {}; their code fixes it at 2e-4.", lane.lambda));
    }
    if lane.beta.is_none() && lane.recipe.row().decay != Decay::Hard {
        notes.push("beta was left to nmflow, which reaches D = 0 at 70 % of the budget; set decay_coef.".to_owned());
    }
    if lane.attention_sites.contains(&Site::O) {
        notes.push("The attention output projection is sparse here; their code keeps it dense.".to_owned());
    }
    if lane.recipe.row().masks == MaskSchedule::Geometric {
        notes.push(format!("k is {}; their code fixes it at 8, the paper says 16.", lane.k));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(lane: &serde_json::Value) -> String {
        let document = json!({
            "version": 1, "name": "a\u{2028}b: c", "task": {"kind": "shapes", "noise": 0.2},
            "model": {"layers": 1, "heads": 2, "d_model": 32, "d_ff": 64, "patch": 4},
            "lanes": [lane], "steps": 100, "batch": 16
        });
        yaml(&ExperimentConfig::from_value(document).unwrap(), 0)
    }

    fn has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|other| other == *line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn mask_decay_in_the_authors_keys() {
        let text = of(&json!({"recipe": "mdgf-exponential", "ff": {"n": 1, "m": 16}, "beta": 0.01, "seed": 3,
            "attention": {"n": 1, "m": 4}, "locations": ["q", "k"], "dense_frac": 0.1, "finetune_frac": 0.2}));
        has(&text, &["sparsity_type: STRUCTURED_NM", "decay_type: EXP", "decay_coef: 0.01", "sparsity_loc: FFQK"]);
        has(&text, &["n_sparsity: 1", "m_sparsity: 16", "n_sparsity_qkv: 1", "m_sparsity_qkv: 4", "sparse_dim: ROW"]);
        has(&text, &["structure_decay_flag: false", "dense_epochs: 0.1", "fine_tune_epochs: 0.2", "seed: 3"]);
    }

    #[test]
    fn structure_decay_and_baselines_in_the_authors_keys() {
        let stepwise = of(&json!({"recipe": "sdgf-stepwise", "ff": {"n": 1, "m": 8}, "group_axis": "out"}));
        has(&stepwise, &["structure_decay_flag: true", "structure_decay_type: sparsify", "decay_type: STEP"]);
        has(&stepwise, &["sparse_dim: COL", "sparsity_loc: FF"]);
        has(&of(&json!({"recipe": "sr-ste", "ff": {"n": 2, "m": 4}})), &["sparsity_type: SRSTE"]);
        let dense = of(&json!({"recipe": "dense"}));
        has(&dense, &["sparsity_type: DENSE"]);
        assert!(!dense.contains("n_sparsity"), "{dense}");
    }

    #[test]
    fn a_name_cannot_add_lines() {
        let text = of(&json!({"recipe": "dense", "name": "x"}));
        assert!(text.starts_with("# Lane \"x\" of the nmflow experiment \"a b: c\".\n"), "{text}");
    }
}
