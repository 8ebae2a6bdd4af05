//! Turns parts of the raw document into the types that later modules read.

use super::{
    LaneConfig, ModelConfig, OptimizerConfig, Site,
    raw::{RawExperiment, RawLane, RawPattern},
};
use crate::pattern::NmPattern;

impl From<&RawExperiment> for ModelConfig {
    fn from(document: &RawExperiment) -> Self {
        let model = &document.model;
        Self {
            layers: model.layers as usize,
            heads: model.heads as usize,
            d_model: model.d_model as usize,
            d_ff: model.d_ff as usize,
            patch: model.patch as usize,
            window: model.window.map(|side| side as usize),
        }
    }
}

impl From<&RawExperiment> for OptimizerConfig {
    fn from(document: &RawExperiment) -> Self {
        let optimizer = &document.optimizer;
        Self {
            beta1: optimizer.beta1,
            beta2: optimizer.beta2,
            epsilon: optimizer.epsilon,
            weight_decay: optimizer.weight_decay,
            clip_norm: optimizer.clip_norm,
            warmup_frac: optimizer.warmup_frac,
            final_lr_frac: optimizer.final_lr_frac,
        }
    }
}

impl RawPattern {
    /// The pattern of a completed document, whose numbers were checked.
    pub(super) fn checked(self) -> NmPattern {
        NmPattern::new(self.n as usize, self.m as usize).expect("completing a document checks its patterns")
    }
}

impl RawLane {
    /// The attention matrices it names, in the order of [`Site::ALL`].
    pub(super) fn attention_sites(&self) -> Vec<Site> {
        let mut locations = self.locations.clone();
        locations.sort_unstable();
        locations.into_iter().map(Site::from).collect()
    }
}

impl LaneConfig {
    /// A lane of a document without problems.
    pub(super) fn from_checked(name: String, lane: &RawLane) -> Self {
        Self {
            name,
            recipe: lane.recipe,
            ff: lane.ff.map(RawPattern::checked),
            attention: lane.attention.map(RawPattern::checked),
            attention_sites: lane.attention_sites(),
            group_axis: lane.group_axis,
            gradient: lane.gradient,
            beta: lane.beta,
            lambda: lane.lambda,
            k: lane.k as usize,
            mask_every: lane.mask_every,
            dense_frac: lane.dense_frac,
            finetune_frac: lane.finetune_frac,
            learning_rate: lane.learning_rate,
            seed: lane.seed,
        }
    }
}
