//! The experiment document as it is written: JSON with every field present.
//!
//! Documents that leave fields out are completed from the field table first (see `complete`), so
//! nothing here has a default of its own.

use serde::{Deserialize, Serialize};

use super::recipe::{GradientRule, Recipe};

/// A complete experiment document, not yet checked: `ExperimentConfig::try_from` does that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawExperiment {
    /// Version of the document's layout.
    pub version: u32,
    /// Title for readers.
    pub name: String,
    /// What is learned.
    pub task: TaskConfig,
    /// The network, common to all lanes.
    pub model: RawModel,
    /// AdamW and its schedule, common to all lanes.
    pub optimizer: RawOptimizer,
    /// The recipes that train side by side.
    pub lanes: Vec<RawLane>,
    /// Training steps of every lane.
    pub steps: u32,
    /// Samples per step, the same for every lane of equal seed.
    pub batch: u32,
    /// When and on how much held-out data the lanes are evaluated.
    pub eval: RawEval,
    /// Steps between two metric reports.
    pub report_every: u32,
}

/// The task and its own settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TaskConfig {
    /// Generated images of shapes, `16 x 16 x 1`, ten classes, endless.
    Shapes {
        /// Standard deviation of the pixel noise; ink is 1.
        noise: f64,
    },
    /// An IDX pair (the MNIST family) given by the user.
    Idx {
        /// Share of the samples held out for validation.
        validation_frac: f64,
    },
    /// CIFAR-10 binary batches given by the user, `32 x 32 x 3`.
    Cifar10 {
        /// Share of the samples held out for validation.
        validation_frac: f64,
    },
    /// Generated sentences, character by character, endless.
    Grammar {
        /// Characters per sample.
        context: u32,
    },
    /// A text given by the user, character by character.
    Text {
        /// Characters per sample.
        context: u32,
        /// Share of the text, at its end, held out for validation.
        validation_frac: f64,
    },
    /// Generated numbers, translated between digits and English words, endless.
    Numbers {
        /// What is translated into what.
        direction: Direction,
    },
}

impl TaskConfig {
    /// The value of `task.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Shapes { .. } => "shapes",
            Self::Idx { .. } => "idx",
            Self::Cifar10 { .. } => "cifar10",
            Self::Grammar { .. } => "grammar",
            Self::Text { .. } => "text",
            Self::Numbers { .. } => "numbers",
        }
    }

    /// Whether its samples come from files that the user gives.
    pub fn reads_files(&self) -> bool {
        matches!(self, Self::Idx { .. } | Self::Cifar10 { .. } | Self::Text { .. })
    }
}

/// Direction of a translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Direction {
    /// From digits to words.
    ToWords,
    /// From words to digits.
    ToDigits,
}

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawModel {
    /// Transformer blocks per stack.
    pub layers: u32,
    /// Attention heads per block.
    pub heads: u32,
    /// Features per token.
    pub d_model: u32,
    /// Features between the feed-forward matrices.
    pub d_ff: u32,
    /// Side of a square patch in pixels.
    pub patch: u32,
    /// Side of the attention windows in patches; null attends to the whole image.
    pub window: Option<u32>,
}

/// AdamW, clipping and the common part of the learning-rate schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawOptimizer {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Limit on a lane's global gradient norm.
    pub clip_norm: f64,
    /// Share of the steps over which the learning rate rises.
    pub warmup_frac: f64,
    /// Learning rate at the end, as a share of the peak.
    pub final_lr_frac: f64,
}

/// One lane: a recipe and what it is applied to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawLane {
    /// Name in legends; null is an automatic one.
    pub name: Option<String>,
    /// How the lane sparsifies.
    pub recipe: Recipe,
    /// Pattern of both feed-forward matrices; null keeps them dense.
    pub ff: Option<RawPattern>,
    /// Pattern of the attention matrices named in `locations`; null keeps them dense.
    pub attention: Option<RawPattern>,
    /// Attention matrices that get the `attention` pattern.
    pub locations: Vec<Location>,
    /// Axis along which groups run.
    pub group_axis: Axis,
    /// What pruned weights receive of the gradient.
    pub gradient: GradientRule,
    /// Rate of the decay D(j) per step; null chooses it for 70 % of the budget.
    pub beta: Option<f64>,
    /// Strength of SR-STE's pull on pruned weights.
    pub lambda: f64,
    /// First group of the Geometric stages, in units of M.
    pub k: u32,
    /// Steps between two mask selections.
    pub mask_every: u32,
    /// Share of the steps before anything is pruned.
    pub dense_frac: f64,
    /// Share of the steps at the end with the hard target mask.
    pub finetune_frac: f64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Seed of initial weights and batches.
    #[cfg_attr(test, ts(type = "number"))]
    pub seed: u64,
}

/// An N:M pattern as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawPattern {
    /// Weights kept per group.
    pub n: u32,
    /// Weights per group.
    pub m: u32,
}

/// Cadence and size of the evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RawEval {
    /// Steps between two evaluations.
    pub every: u32,
    /// Held-out samples per evaluation.
    pub samples: u32,
    /// Batches of the gradient-noise measurement at each evaluation; 0 leaves it out.
    pub noise_batches: u32,
}

/// A matrix of the attention that can be sparse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AttentionLocation"))]
pub enum Location {
    /// Query projection.
    Q,
    /// Key projection.
    K,
    /// Value projection.
    V,
    /// Output projection.
    O,
}

/// The axis of a weight `[in, out]` along which groups of M run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Axis {
    /// Along the input features, the axis that the product sums over (the authors' ROW).
    In,
    /// Along the output features (the authors' COL).
    Out,
}
