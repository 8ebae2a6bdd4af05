//! Rules that relate fields to each other; single fields are checked along the table.
//!
//! What belongs to the document (keys, `null`) stands in backticks: see [`Problem`](crate::error::Problem).

use super::{
    MaskSchedule, ModelConfig, Phases, Site, StageError, TaskConfig,
    problems::Problems,
    raw::{Axis, RawExperiment, RawLane},
};
use crate::pattern::NmPattern;

/// Most sparse-capable weights of all lanes together: 512 MiB of f32, of which training keeps about
/// five copies (weights, masked weights, gradient, two moments), near the 4 GiB that wasm can address.
const MAX_WEIGHTS: u64 = 1 << 27;
/// Most numbers in one activation of all lanes together: 1 GiB of f32.
const MAX_ACTIVATION: u64 = 1 << 28;
/// Words of the longest number and its end.
const LONGEST_NUMBER: u64 = 10;
/// Longest head the attention kernels hold in registers.
const MAX_HEAD_WIDTH: usize = 64;

/// Reports every rule that the completed document breaks.
///
/// A rule is skipped when one of its fields is wrong by itself: see [`Problems::clean`].
pub(super) fn check(document: &RawExperiment, model: &ModelConfig, problems: &mut Problems) {
    check_heads(model, problems);
    check_cadence(document, problems);
    match document.task {
        TaskConfig::Shapes { .. } => check_image(document, 16, 16, problems),
        TaskConfig::Cifar10 { .. } => check_image(document, 32, 32, problems),
        // The files decide: `ExperimentConfig::fit_image` checks once they are loaded.
        TaskConfig::Idx { .. } => {}
        TaskConfig::Grammar { context } | TaskConfig::Text { context, .. } => {
            if problems.clean(&["task.context"]) {
                check_activation(document, u64::from(context), problems);
            }
        }
        TaskConfig::Numbers { .. } => check_activation(document, LONGEST_NUMBER, problems),
    }
    check_weights(document, problems);
    for (index, lane) in document.lanes.iter().enumerate() {
        if lane.recipe.prunes() {
            let path = LanePath(index);
            check_sites(path, lane, problems);
            check_stages(path, lane, model, problems);
            check_phases(path, lane, document.steps, problems);
        }
    }
}

fn check_heads(model: &ModelConfig, problems: &mut Problems) {
    if !problems.clean(&["model.heads", "model.d_model"]) {
        return;
    }
    let (heads, d_model) = (model.heads, model.d_model);
    let width = d_model / heads;
    if !d_model.is_multiple_of(heads) || !width.is_multiple_of(4) || width > MAX_HEAD_WIDTH {
        problems.report(
            "model.heads",
            format!(
                "{heads} heads do not divide `d_model` = {d_model} into heads whose width is a multiple of 4 and at most \
                 {MAX_HEAD_WIDTH}: {}",
                suggested_heads(d_model)
            ),
        );
    }
}

fn suggested_heads(d_model: usize) -> String {
    let fits = |heads: &usize| d_model.is_multiple_of(heads * 4) && d_model / heads <= MAX_HEAD_WIDTH;
    let heads: Vec<_> = (1..=d_model / 4).filter(fits).map(|heads| heads.to_string()).take(6).collect();
    if heads.is_empty() { "change `d_model`".to_owned() } else { format!("{} would do", heads.join(", ")) }
}

fn check_cadence(document: &RawExperiment, problems: &mut Problems) {
    if document.eval.noise_batches == 1 {
        problems.report("eval.noise_batches", "is 1, but a variance needs at least two batches: use 0, or 2 and more");
    }
    let (every, report) = (document.eval.every, document.report_every);
    if problems.clean(&["eval.every", "report_every"]) && !every.is_multiple_of(report) {
        problems.report(
            "eval.every",
            format!(
                "{every} is not a multiple of `report_every` = {report}, but an evaluation travels with a report: \
                 make it {}, or change `report_every`",
                every.div_ceil(report) * report
            ),
        );
    }
}

fn check_weights(document: &RawExperiment, problems: &mut Problems) {
    let model = &document.model;
    let (d_model, d_ff) = (u64::from(model.d_model), u64::from(model.d_ff));
    let block = 4 * d_model * d_model + 2 * d_model * d_ff;
    let blocks = match document.task {
        // An encoder's, and a decoder's with its cross-attention.
        TaskConfig::Numbers { .. } => 2 * block + 4 * d_model * d_model,
        _ => block,
    };
    let weights = document.lanes.len() as u64 * u64::from(model.layers) * blocks;
    if problems.clean(&["model.layers", "model.d_model", "model.d_ff"]) && weights > MAX_WEIGHTS {
        problems.report(
            "model",
            format!(
                "{weights} weights over all lanes exceed the limit of {MAX_WEIGHTS}: use fewer lanes or layers, or a \
                 smaller `d_model` or `d_ff`"
            ),
        );
    }
}

/// Reports a patch that does not tile `height x width` pixels, and activations too large to hold.
pub(super) fn check_image(document: &RawExperiment, height: usize, width: usize, problems: &mut Problems) {
    let patch = document.model.patch as usize;
    if !problems.clean(&["task.kind", "model.patch"]) {
        return;
    }
    if !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
        let sides: Vec<_> = (1..=height.min(width))
            .filter(|&side| height.is_multiple_of(side) && width.is_multiple_of(side))
            .map(|side| side.to_string())
            .collect();
        let reason = format!("{patch} does not divide images of {height}x{width} pixels: use {}", sides.join(", "));
        problems.report("model.patch", reason);
        return;
    }
    let (down, across) = (height / patch, width / patch);
    if let Some(side) = document.model.window
        && problems.clean(&["model.window"])
        && side as usize > down.max(across)
    {
        problems.report(
            "model.window",
            format!(
                "{side} is more than the {down} x {across} patches of an image: use at most {}, or `null` for \
                 attention to the whole image",
                down.max(across)
            ),
        );
    }
    check_activation(document, (down * across) as u64, problems);
}

/// Reports activations of samples with `tokens` tokens that are too large to hold.
fn check_activation(document: &RawExperiment, tokens: u64, problems: &mut Problems) {
    let features = u64::from(document.model.d_model.max(document.model.d_ff));
    let numbers = document.lanes.len() as u64 * u64::from(document.batch) * tokens * features;
    if problems.clean(&["batch", "model.d_model", "model.d_ff"]) && numbers > MAX_ACTIVATION {
        problems.report(
            "batch",
            format!(
                "one activation of all lanes would hold {numbers} numbers ({tokens} tokens per sample), more than the \
                 limit of {MAX_ACTIVATION}: use a smaller batch, fewer lanes, fewer tokens per sample or a smaller `d_ff`"
            ),
        );
    }
}

/// Writes the paths of one lane's fields.
#[derive(Clone, Copy)]
struct LanePath(usize);

impl LanePath {
    fn field(self, key: &str) -> String {
        format!("lanes[{}].{key}", self.0)
    }

    fn fields<const N: usize>(self, keys: [&str; N]) -> [String; N] {
        keys.map(|key| self.field(key))
    }
}

/// A pruning lane prunes something, and pattern and locations of the attention come together.
fn check_sites(path: LanePath, lane: &RawLane, problems: &mut Problems) {
    if !problems.clean(&path.fields(["recipe", "ff", "attention", "locations"])) {
        return;
    }
    let label = lane.recipe.label();
    match (lane.attention, lane.locations.is_empty()) {
        (Some(_), true) => problems.report(
            path.field("locations"),
            "is empty although `attention` has a pattern: name at least one of Q, K, V, O, or make `attention` `null`",
        ),
        (None, false) => problems.report(
            path.field("attention"),
            "is `null` although `locations` names matrices: give it a pattern, or name none",
        ),
        (None, true) if lane.ff.is_none() => problems.report(
            path.field("ff"),
            format!("and `attention` are both `null`, so {label} prunes nothing: give one a pattern, or choose the recipe Dense"),
        ),
        _ => {}
    }
}

/// Every stage of every sparse matrix exists, and its groups divide the axis they run along.
fn check_stages(path: LanePath, lane: &RawLane, model: &ModelConfig, problems: &mut Problems) {
    if !problems.clean(&path.fields(["recipe", "group_axis"])) {
        return;
    }
    if lane.recipe.uses_k() && problems.clean(&[path.field("k")]) && !lane.k.is_power_of_two() {
        let below = 1 << lane.k.ilog2();
        let reason = format!("must be a power of two, not {}: use {below} or {}", lane.k, 2 * below);
        problems.report(path.field("k"), reason);
    }
    let targets = [("ff", lane.ff, vec![Site::Ff1, Site::Ff2]), ("attention", lane.attention, lane.attention_sites())];
    for (key, pattern, sites) in targets {
        let Some(pattern) = pattern else { continue };
        let needed = path.fields([key, "k", "locations"]);
        if !problems.clean(&needed) || !problems.clean(&["model.d_model", "model.d_ff"]) {
            continue;
        }
        let target = pattern.checked();
        let masks = lane.recipe.row().masks;
        let fault = match masks.stages(target, lane.k as usize) {
            Ok(stages) => misfit(lane, model, &stages, &sites),
            Err(error) => Some(missing_stages(error, target, lane)),
        };
        if let Some(reason) = fault {
            let target_fits =
                sites.iter().all(|site| site.axis_length(lane.group_axis, model).is_multiple_of(target.m()));
            let culprit =
                if masks == MaskSchedule::Geometric && target_fits { "k".to_owned() } else { format!("{key}.m") };
            problems.report(path.field(&culprit), reason);
        }
    }
}

/// Why a stage does not fit one of the matrices; the target, which is last, is named first.
fn misfit(lane: &RawLane, model: &ModelConfig, stages: &[NmPattern], sites: &[Site]) -> Option<String> {
    let target = *stages.last()?;
    stages.iter().rev().find_map(|stage| {
        sites.iter().find_map(|site| {
            let (m, length) = (stage.m(), site.axis_length(lane.group_axis, model));
            let axis = match lane.group_axis {
                Axis::In => "input",
                Axis::Out => "output",
            };
            let fact = format!("groups of {m} do not divide the {length} {axis} features of {}", site.label());
            let remedy = if *stage == target {
                format!("choose an M that divides {length}, or another `d_model` or `d_ff`")
            } else if lane.recipe.uses_k() {
                format!("use `k` = {}, or another M, `d_model` or `d_ff`", widest_k(target, length))
            } else {
                format!("choose an M of which {} divides {length}, or another `d_model` or `d_ff`", m / target.m())
            };
            let label = lane.recipe.label();
            (!length.is_multiple_of(m)).then(|| format!("{fact} (stage {stage} of {label}): {remedy}"))
        })
    })
}

/// Greatest power of two k whose groups of kM divide `length`, given that M does.
fn widest_k(target: NmPattern, length: usize) -> usize {
    1 << (length / target.m()).trailing_zeros()
}

fn missing_stages(error: StageError, target: NmPattern, lane: &RawLane) -> String {
    let label = lane.recipe.label();
    match error {
        StageError::HalvingMissesTarget => format!(
            "{label} halves N from M/2 downwards and never meets {target}: choose an M that is N times a power of two, \
             such as {}",
            target.n() * target.m().div_ceil(target.n()).next_power_of_two()
        ),
        StageError::KNotPowerOfTwo => format!("{label} has no stages for `k` = {}", lane.k),
        StageError::GroupTooLong(m) => format!(
            "{label} starts with groups of {m} for the target {target}, more than {}: choose a smaller M",
            NmPattern::MAX_M
        ),
    }
}

/// The phases leave room for what the recipe does in them.
fn check_phases(path: LanePath, lane: &RawLane, steps: u32, problems: &mut Problems) {
    let needed = path.fields(["recipe", "dense_frac", "finetune_frac"]);
    if !problems.clean(&needed) || !problems.clean(&["steps"]) {
        return;
    }
    let phases = Phases::new(lane.recipe, steps, lane.dense_frac, lane.finetune_frac);
    let label = lane.recipe.label();
    if lane.recipe.row().freezes_second_moment && phases.dense_end == 0 {
        problems.report(
            path.field("dense_frac"),
            format!("{label} keeps the second moment that the dense phase leaves, so it needs one: raise `dense_frac`"),
        );
    }
    let (room, stages) = (phases.sparsify_steps(), longest_schedule(lane));
    if (room as usize) < stages {
        let others = if lane.recipe.fine_tunes() { "`dense_frac`, `finetune_frac`" } else { "`dense_frac`" };
        problems.report(
            path.field("dense_frac"),
            format!(
                "{label} needs at least {stages} step(s) to sparsify, but of {steps} steps the other phases leave \
                 {room}: lower {others}, or raise `steps`"
            ),
        );
    } else if lane.recipe.decays() && lane.beta.is_none() && phases.decayed_at().is_none() {
        problems.report(
            path.field("beta"),
            format!(
                "is automatic, which brings D to 0 by 70 % of the steps, but pruning starts only at step {} of {steps}: \
                 give it a number, or lower `dense_frac` below 0.7",
                phases.dense_end
            ),
        );
    }
}

/// Most stages of any of the lane's patterns; 1 when a pattern has none, which is reported elsewhere.
fn longest_schedule(lane: &RawLane) -> usize {
    let masks = lane.recipe.row().masks;
    let stages = |pattern: super::RawPattern| masks.stages(pattern.checked(), lane.k as usize).map_or(1, |s| s.len());
    [lane.ff, lane.attention].into_iter().flatten().map(stages).max().unwrap_or(1)
}
