//! The field table: every field of the experiment document, in the order of forms and documentation.

use super::{
    field::{
        Applies::{ToRecipes, ToTasks},
        ChoiceSpec, DefaultValue as Default,
        FieldKind::{Choice, Integer, Locations, Number, Pattern, Text},
        FieldSpec,
    },
    recipe::Recipe,
};
use crate::pattern::NmPattern;

/// Version of the document's layout that this build writes.
pub const VERSION: u32 = 1;
/// Most lanes of an experiment.
pub const MAX_LANES: usize = 32;

/// A nested object of the document.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Path as in [`FieldSpec::group`].
    pub path: &'static str,
    /// Heading in forms and documentation.
    pub title: &'static str,
    /// Whether a document without it is refused; an optional group is filled with its defaults.
    pub required: bool,
}

/// The nested objects; the fields without a group stand at the top of the document.
pub const GROUPS: [Group; 5] = [
    Group { path: "task", title: "Task", required: true },
    Group { path: "model", title: "Model", required: true },
    Group { path: "optimizer", title: "Optimizer", required: false },
    Group { path: "lanes[]", title: "Lanes", required: true },
    Group { path: "eval", title: "Evaluation", required: false },
];

/// The fields of one group, `""` for the top of the document, in table order.
pub fn fields_of(group: &str) -> impl Iterator<Item = &'static FieldSpec> {
    FIELDS.iter().filter(move |field| field.group() == group)
}

const TASKS: &[ChoiceSpec] = &[
    ChoiceSpec::new("shapes", "Shapes (generated)"),
    ChoiceSpec::new("idx", "IDX pair (MNIST family)"),
    ChoiceSpec::new("cifar10", "CIFAR-10 binary batches"),
    ChoiceSpec::new("grammar", "Sentences (generated)"),
    ChoiceSpec::new("text", "Text file"),
    ChoiceSpec::new("numbers", "Numbers to words (generated)"),
];

const DIRECTIONS: &[ChoiceSpec] =
    &[ChoiceSpec::new("to-words", "digits to words"), ChoiceSpec::new("to-digits", "words to digits")];

/// Tasks whose samples are images.
const IMAGES: &[&str] = &["shapes", "idx", "cifar10"];

const AXES: &[ChoiceSpec] = &[ChoiceSpec::new("in", "input features"), ChoiceSpec::new("out", "output features")];

const GRADIENTS: &[ChoiceSpec] = &[
    ChoiceSpec::new("ste", "straight-through"),
    ChoiceSpec::new("decayed", "decayed by D"),
    ChoiceSpec::new("zero", "zero"),
];

const LOCATIONS: &[ChoiceSpec] =
    &[ChoiceSpec::new("q", "Q"), ChoiceSpec::new("k", "K"), ChoiceSpec::new("v", "V"), ChoiceSpec::new("o", "O")];

const RECIPES: &[ChoiceSpec] = &{
    let mut choices = [ChoiceSpec::new("", ""); Recipe::ALL.len()];
    let mut i = 0;
    while i < choices.len() {
        let recipe = Recipe::ALL[i];
        choices[i] = ChoiceSpec { value: recipe.id(), label: recipe.label(), help: recipe.row().summary };
        i += 1;
    }
    choices
};

/// Greatest integer that every JSON reader keeps exact, 2^53 - 1.
const MAX_SEED: f64 = 9_007_199_254_740_991.0;

const MAX_M: f64 = NmPattern::MAX_M as f64;

/// Every field of the document.
#[rustfmt::skip]
pub static FIELDS: [FieldSpec; 41] = [
    FieldSpec::new("version", "Version", Integer, Default::Integer(VERSION),
        "Layout of the document. Older versions are converted, newer ones refused.")
        .range(1.0, VERSION as f64).required(),
    FieldSpec::new("name", "Name", Text, Default::Text("Untitled experiment"),
        "Title of the experiment.").range(1.0, 120.0),
    FieldSpec::new("steps", "Steps", Integer, Default::Integer(600),
        "Training steps of every lane: the budget.").range(1.0, 1e6).required(),
    FieldSpec::new("batch", "Batch size", Integer, Default::Integer(32),
        "Samples per step. Lanes of equal seed see the same samples.").range(1.0, 1024.0).unit("samples").required(),
    FieldSpec::new("report_every", "Report every", Integer, Default::Integer(10),
        "Steps between two metric reports. Must divide `eval.every`, because an evaluation travels with a report.")
        .range(1.0, 10_000.0).unit("steps"),

    FieldSpec::new("task.kind", "Task", Choice, Default::Text("shapes"),
        "What is learned: the class of images, the next character of a text, or a translation; generated, or from files that you provide.")
        .choices(TASKS).required(),
    FieldSpec::new("task.noise", "Noise", Number, Default::Number(0.6),
        "Standard deviation of the noise on generated pixels, where ink is 1. More noise makes the task harder.")
        .range(0.0, 4.0).step(0.05).applies_to(ToTasks(&["shapes"])),
    FieldSpec::new("task.validation_frac", "Held-out share", Number, Default::Number(0.2),
        "Share of the samples in your files that is held out for validation; of a text, its end.")
        .range(0.01, 0.9).step(0.05).applies_to(ToTasks(&["idx", "cifar10", "text"])),
    FieldSpec::new("task.context", "Context", Integer, Default::Integer(64),
        "Characters per sample: as far as the network can look back.")
        .range(2.0, 256.0).unit("characters").applies_to(ToTasks(&["grammar", "text"])),
    FieldSpec::new("task.direction", "Direction", Choice, Default::Text("to-words"),
        "What is translated into what. Numbers have one to six digits.")
        .choices(DIRECTIONS).applies_to(ToTasks(&["numbers"])),

    FieldSpec::new("model.layers", "Layers", Integer, Default::Integer(2),
        "Transformer blocks. A translation has as many in its encoder and again in its decoder.").range(1.0, 12.0),
    FieldSpec::new("model.heads", "Heads", Integer, Default::Integer(4),
        "Attention heads. Must divide the width into parts that are multiples of 4 and at most 64.")
        .range(1.0, 64.0),
    FieldSpec::new("model.d_model", "Width", Integer, Default::Integer(64),
        "Features per token.").range(4.0, 1024.0).step(4.0).unit("features"),
    FieldSpec::new("model.d_ff", "Feed-forward width", Integer, Default::Integer(256),
        "Features between the two feed-forward matrices.").range(4.0, 4096.0).step(4.0).unit("features"),
    FieldSpec::new("model.patch", "Patch side", Integer, Default::Integer(4),
        "Side of the square patches an image is cut into. Must divide its height and width.")
        .range(1.0, 64.0).unit("pixels").applies_to(ToTasks(IMAGES)),
    FieldSpec::new("model.window", "Attention window", Integer, Default::Null,
        "Side of the windows inside which patches attend to each other; every other block moves them by half a side (as Swin does). Left empty, patches attend to the whole image.")
        .range(1.0, 64.0).nullable("whole image").unit("patches").applies_to(ToTasks(IMAGES)),

    FieldSpec::new("optimizer.beta1", "beta1", Number, Default::Number(0.9),
        "AdamW: decay of the first moment.").range(0.0, 0.9999).step(0.01),
    FieldSpec::new("optimizer.beta2", "beta2", Number, Default::Number(0.999),
        "AdamW: decay of the second moment.").range(0.0, 0.999_999).step(0.001),
    FieldSpec::new("optimizer.epsilon", "epsilon", Number, Default::Number(1e-8),
        "AdamW: added to the root of the second moment.").range(1e-12, 0.01),
    FieldSpec::new("optimizer.weight_decay", "Weight decay", Number, Default::Number(0.05),
        "AdamW: decoupled weight decay, multiplied by the learning rate.").range(0.0, 1.0).step(0.01),
    FieldSpec::new("optimizer.clip_norm", "Gradient clip", Number, Default::Number(1.0),
        "Limit on each lane's global gradient norm. SR-STE's term counts into it. A large value never clips.")
        .range(0.001, 1e6).step(0.1),
    FieldSpec::new("optimizer.warmup_frac", "Learning-rate warm-up", Number, Default::Number(0.05),
        "Share of the steps over which the learning rate rises in a straight line to its peak.")
        .range(0.0, 0.9).step(0.01).unit("of the steps"),
    FieldSpec::new("optimizer.final_lr_frac", "Final learning rate", Number, Default::Number(0.0),
        "Where the cosine after the warm-up ends, as a share of the peak.")
        .range(0.0, 1.0).step(0.01).unit("of the peak"),

    FieldSpec::new("lanes[].name", "Lane name", Text, Default::Null,
        "Name in legends and tables. Left empty, it is the recipe and what tells the lane from others of that recipe, and follows them.").range(1.0, 80.0).nullable("automatic"),
    FieldSpec::new("lanes[].recipe", "Recipe", Choice, Default::Text("dense"),
        "How the lane sparsifies.").choices(RECIPES),
    FieldSpec::new("lanes[].ff", "Feed-forward pattern", Pattern, Default::Pattern(1, 16),
        "Target N:M of both feed-forward matrices. Left empty, they stay dense.")
        .range(1.0, MAX_M).nullable("dense").applies_to(ToRecipes(Recipe::prunes)).short("FF"),
    FieldSpec::new("lanes[].attention", "Attention pattern", Pattern, Default::Null,
        "Target N:M of the attention matrices that `locations` names. Left empty, they stay dense.")
        .range(1.0, MAX_M).nullable("dense").applies_to(ToRecipes(Recipe::prunes)).short("attention"),
    FieldSpec::new("lanes[].locations", "Attention matrices", Locations, Default::NoLocations,
        "Attention matrices that get the pattern of `attention`; without one, none.")
        .choices(LOCATIONS).applies_to(ToRecipes(Recipe::prunes)).short("on"),
    FieldSpec::new("lanes[].group_axis", "Group axis", Choice, Default::Text("in"),
        "Axis of a weight along which groups of M run. M must divide its length, at every stage.")
        .choices(AXES).applies_to(ToRecipes(Recipe::prunes)).short("groups along"),
    FieldSpec::new("lanes[].gradient", "Gradient of pruned weights", Choice, Default::Text("ste"),
        "What pruned weights receive of the gradient that reaches them. STE and SR-STE are straight-through by definition.")
        .choices(GRADIENTS).applies_to(ToRecipes(Recipe::chooses_gradient)).short("gradient"),
    FieldSpec::new("lanes[].beta", "Decay rate beta", Number, Default::Null,
        "Rate of D(j) per step of the sparsification phase. Left empty, it is chosen so that D is 0 (linear) or 0.001 (exponential) at 70 % of the steps.")
        .range(0.0, 10.0).nullable("auto").unit("per step").applies_to(ToRecipes(Recipe::decays)).short("beta"),
    FieldSpec::new("lanes[].lambda", "SR-STE lambda", Number, Default::Number(2e-4),
        "Strength of the term lambda * (1 - F) * W that joins the gradient before clipping and AdamW.")
        .range(0.0, 1.0).step(1e-4).applies_to(ToRecipes(Recipe::regularises)).short("lambda"),
    FieldSpec::new("lanes[].k", "Geometric k", Integer, Default::Integer(16),
        "The first Geometric stage is kN:kM. A power of two; the paper uses 16, its code 8.")
        .range(1.0, 64.0).applies_to(ToRecipes(Recipe::uses_k)).short("k"),
    FieldSpec::new("lanes[].mask_every", "Select masks every", Integer, Default::Integer(1),
        "Steps between two mask selections; the mask is held in between. A stage switch always selects.")
        .range(1.0, 10_000.0).unit("steps").applies_to(ToRecipes(Recipe::reselects)).short("mask every"),
    FieldSpec::new("lanes[].dense_frac", "Dense phase", Number, Default::Number(0.05),
        "Share of the steps at the start in which nothing is pruned.")
        .range(0.0, 0.9).step(0.01).unit("of the steps").applies_to(ToRecipes(Recipe::prunes)).short("dense phase"),
    FieldSpec::new("lanes[].finetune_frac", "Fine-tune phase", Number, Default::Number(0.2),
        "Share of the steps at the end that train the hardened network: target pattern and D = 0, or dense where the recipe ends so.")
        .range(0.0, 0.9).step(0.01).unit("of the steps").applies_to(ToRecipes(Recipe::fine_tunes)).short("fine-tune"),
    FieldSpec::new("lanes[].learning_rate", "Learning rate", Number, Default::Number(0.001),
        "Peak learning rate, reached at the end of the warm-up.").range(1e-7, 1.0).short("learning rate"),
    FieldSpec::new("lanes[].seed", "Seed", Integer, Default::Integer(0),
        "Seed of initial weights and batches. Lanes of equal seed start alike and see the same samples.")
        .range(0.0, MAX_SEED).short("seed"),

    FieldSpec::new("eval.every", "Evaluate every", Integer, Default::Integer(50),
        "Steps between two evaluations on held-out data.").range(1.0, 1e5).unit("steps"),
    FieldSpec::new("eval.samples", "Evaluation samples", Integer, Default::Integer(512),
        "Held-out samples per evaluation.").range(1.0, 65_536.0).unit("samples"),
    FieldSpec::new("eval.noise_batches", "Gradient-noise batches", Integer, Default::Integer(0),
        "Fresh batches on which the gradient's noise, its signal and its angle to the dense gradient are measured at each evaluation, with frozen weights. 0 leaves it out; each costs about two training steps.")
        .range(0.0, 64.0).unit("batches"),
];
