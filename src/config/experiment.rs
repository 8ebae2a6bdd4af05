//! The experiment as validated: what every later module reads.

use serde_json::Value;

use super::{
    GradientRule, Phases, Recipe, Site,
    complete::complete,
    difference::{self, names},
    field::FieldSpec,
    problems::Problems,
    raw::{Axis, RawExperiment, TaskConfig},
    table::fields_of,
    validate,
    version::migrate,
};
use crate::{error::Problem, pattern::NmPattern};

/// A checked experiment. It exists only if the document had no problem.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentConfig {
    document: RawExperiment,
    model: ModelConfig,
    optimizer: OptimizerConfig,
    lanes: Vec<LaneConfig>,
}

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// Transformer blocks per stack.
    pub layers: usize,
    /// Attention heads per block; divides `d_model`.
    pub heads: usize,
    /// Features per token.
    pub d_model: usize,
    /// Features between the feed-forward matrices.
    pub d_ff: usize,
    /// Side of a square patch in pixels; of no use for text.
    pub patch: usize,
    /// Side of the attention windows in patches; `None` attends to the whole image.
    pub window: Option<usize>,
}

/// AdamW, clipping and the common part of the learning-rate schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerConfig {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay, multiplied by the learning rate.
    pub weight_decay: f64,
    /// Limit on a lane's global gradient norm.
    pub clip_norm: f64,
    /// Share of the steps over which the learning rate rises.
    pub warmup_frac: f64,
    /// Learning rate at the end, as a share of the peak.
    pub final_lr_frac: f64,
}

/// One lane of a checked experiment. Only validation makes one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LaneConfig {
    /// Name in legends.
    pub name: String,
    /// How the lane sparsifies.
    pub recipe: Recipe,
    /// Target of both feed-forward matrices; `None` keeps them dense.
    pub ff: Option<NmPattern>,
    /// Target of the attention matrices in `attention_sites`; `None` keeps them dense.
    pub attention: Option<NmPattern>,
    /// Attention matrices that get the `attention` pattern, in the order of [`Site::ALL`].
    pub attention_sites: Vec<Site>,
    /// Axis along which groups run.
    pub group_axis: Axis,
    /// What pruned weights receive of the gradient, where the recipe leaves the choice.
    pub gradient: GradientRule,
    /// Rate of D(j) per step; `None` brings D to about 0 at 70 % of the budget.
    pub beta: Option<f64>,
    /// Strength of SR-STE's term.
    pub lambda: f64,
    /// First group of the Geometric stages, in units of M.
    pub k: usize,
    /// Steps between two mask selections.
    pub mask_every: u32,
    /// Share of the steps before anything is pruned.
    pub dense_frac: f64,
    /// Share of the steps at the end with the hard target mask.
    pub finetune_frac: f64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Seed of initial weights and batches.
    pub seed: u64,
}

impl ExperimentConfig {
    /// Reads a JSON document of any known version.
    ///
    /// # Errors
    /// Every problem of the document together.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let document = serde_json::from_str(text)
            .map_err(|error| vec![Problem::new("document", format!("is not valid JSON: {error}"))])?;
        Self::from_value(document)
    }

    /// Reads a document that is JSON already, of any known version.
    ///
    /// # Errors
    /// Every problem of the document together.
    ///
    /// # Panics
    /// Never: a document without problems is complete and typed.
    pub fn from_value(document: Value) -> Result<Self, Vec<Problem>> {
        let document = migrate(document).map_err(|problem| vec![problem])?;
        let mut problems = Problems::default();
        let completed = complete(document, &mut problems);
        if completed.is_null() {
            // Not even an object: there is nothing to relate, and one problem says so.
            return Err(problems.into_result().expect_err("an unusable document was reported"));
        }
        let document: RawExperiment =
            serde_json::from_value(completed).expect("a completed document has every field in its type");
        let model = ModelConfig::from(&document);
        validate::check(&document, &model, &mut problems);
        problems.into_result()?;
        let names = names(&document.lanes);
        let lanes = names.into_iter().zip(&document.lanes).map(|(name, lane)| LaneConfig::from_checked(name, lane));
        let lanes = lanes.collect();
        let optimizer = OptimizerConfig::from(&document);
        Ok(Self { document, model, optimizer, lanes })
    }

    /// Names of the lanes of a document, which may have problems: a faulty field counts as its default. Empty where
    /// no lanes can be made out.
    pub fn lane_names(document: Value) -> Vec<String> {
        let Ok(document) = migrate(document) else { return Vec::new() };
        let completed = complete(document, &mut Problems::default());
        serde_json::from_value(completed).map_or_else(|_| Vec::new(), |document: RawExperiment| names(&document.lanes))
    }

    /// The document, complete: reading it again gives this experiment.
    pub fn document(&self) -> &RawExperiment {
        &self.document
    }

    /// Title for readers.
    pub fn name(&self) -> &str {
        &self.document.name
    }

    /// What is learned.
    pub fn task(&self) -> &TaskConfig {
        &self.document.task
    }

    /// The network, common to all lanes.
    pub fn model(&self) -> &ModelConfig {
        &self.model
    }

    /// The optimizer, common to all lanes.
    pub fn optimizer(&self) -> &OptimizerConfig {
        &self.optimizer
    }

    /// The lanes, 1 to 32.
    pub fn lanes(&self) -> &[LaneConfig] {
        &self.lanes
    }

    /// Training steps of every lane.
    pub fn steps(&self) -> u32 {
        self.document.steps
    }

    /// Samples per lane and step.
    pub fn batch(&self) -> usize {
        self.document.batch as usize
    }

    /// Steps between two evaluations; a multiple of [`report_every`](Self::report_every).
    pub fn eval_every(&self) -> u32 {
        self.document.eval.every
    }

    /// Held-out samples per evaluation.
    pub fn eval_samples(&self) -> usize {
        self.document.eval.samples as usize
    }

    /// Batches of the gradient-noise measurement at each evaluation: 0, or at least 2.
    pub fn noise_batches(&self) -> usize {
        self.document.eval.noise_batches as usize
    }

    /// Steps between two metric reports.
    pub fn report_every(&self) -> u32 {
        self.document.report_every
    }

    /// How lane `index` differs from the first, such as `SR-STE, lambda 5e-4`.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn lane_difference(&self, index: usize) -> String {
        difference::describe(&self.document.lanes, index)
    }

    /// Whether both experiments train the same. They do when they differ in nothing but names, which are labels.
    pub fn trains_like(&self, other: &Self) -> bool {
        self.unnamed() == other.unnamed()
    }

    /// The document without its names.
    fn unnamed(&self) -> RawExperiment {
        let mut document = self.document.clone();
        document.name.clear();
        for lane in &mut document.lanes {
            lane.name = None;
        }
        document
    }

    /// Checks that images of `height x width` pixels, known only once files are loaded, fit the model.
    ///
    /// # Errors
    /// What does not fit, field by field.
    pub fn fit_image(&self, height: usize, width: usize) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        validate::check_image(&self.document, height, width, &mut problems);
        problems.into_result()
    }
}

impl TryFrom<RawExperiment> for ExperimentConfig {
    type Error = Vec<Problem>;

    fn try_from(document: RawExperiment) -> Result<Self, Vec<Problem>> {
        // JSON writes NaN as null, which would turn a NaN beta into the automatic one.
        let nan_betas: Vec<_> = (document.lanes.iter().enumerate())
            .filter(|(_, lane)| lane.beta.is_some_and(|beta| !beta.is_finite()))
            .map(|(index, _)| Problem::new(format!("lanes[{index}].beta"), "must be a finite number or `null`"))
            .collect();
        let value = serde_json::to_value(document).expect("the raw form is plain JSON");
        match Self::from_value(value) {
            Ok(config) if nan_betas.is_empty() => Ok(config),
            Ok(_) => Err(nan_betas),
            Err(problems) => Err(problems.into_iter().chain(nan_betas).collect()),
        }
    }
}

impl LaneConfig {
    /// Pattern that `site` has in the end; `None` when the lane keeps it dense.
    pub fn target(&self, site: Site) -> Option<NmPattern> {
        match self.recipe.prunes() {
            true if site.is_ff() => self.ff,
            true if self.attention_sites.contains(&site) => self.attention,
            _ => None,
        }
    }

    /// The lane's phases within a budget of `steps`.
    pub fn phases(&self, steps: u32) -> Phases {
        Phases::new(self.recipe, steps, self.dense_frac, self.finetune_frac)
    }

    /// Keys of the lane's fields that its recipe uses, in table order.
    pub fn used_fields(&self) -> Vec<&'static str> {
        self.fields(true)
    }

    /// Keys of the lane's fields that have no effect with its recipe, in table order.
    pub fn unused_fields(&self) -> Vec<&'static str> {
        self.fields(false)
    }

    fn fields(&self, used: bool) -> Vec<&'static str> {
        fields_of("lanes[]")
            .filter(|field| field.applies_to.to_recipe(self.recipe) == used)
            .map(FieldSpec::key)
            .collect()
    }
}
