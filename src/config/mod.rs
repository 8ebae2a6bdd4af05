//! What was asked: the experiment document and how it becomes a checked [`ExperimentConfig`].
//!
//! ```text
//! JSON text or link -> migrate (version) -> complete (table) -> RawExperiment -> validate -> ExperimentConfig
//! ```
//!
//! The field table ([`FIELDS`]) states label, limits, default and help of every field once. It feeds
//! the walk in `complete`, the form (as [`FieldSpec`]), a lane's difference text and
//! `docs/EXPERIMENT.md`. The recipe table stands in `recipe`.

pub mod authors;
mod complete;
mod difference;
#[cfg(test)]
mod docs;
mod experiment;
mod field;
pub mod link;
mod lower;
mod phases;
pub mod presets;
mod problems;
mod raw;
mod recipe;
mod site;
mod table;
mod validate;
#[cfg(test)]
mod validate_tests;
mod version;

pub use difference::names as lane_names;
pub use experiment::{ExperimentConfig, LaneConfig, ModelConfig, OptimizerConfig};
pub use field::{Applies, ChoiceSpec, DefaultValue, FieldKind, FieldSpec};
pub use phases::{Phases, share};
pub use presets::{PRESETS, Preset};
pub use raw::{
    Axis, Direction, Location, RawEval, RawExperiment, RawLane, RawModel, RawOptimizer, RawPattern, TaskConfig,
};
pub use recipe::{Decay, GradientChoice, GradientRule, MaskSchedule, Pull, Recipe, RecipeRow, StageError};
pub use site::Site;
pub use table::{FIELDS, GROUPS, Group, MAX_LANES, VERSION, fields_of};
