//! The run: from a valid experiment and its data to metrics, step by step.
//!
//! [`Experiment::train_step`] only enqueues work; [`Experiment::report`] is the one place that waits for the
//! device, but for the first step ([`Experiment::first_step`]). A step is: select masks, forward, loss, backward, gradient rule, AdamW. Its numbers come from the
//! recipes through the plan (`plan`), its samples from the data as a pure function of seed and step, so a
//! run can stop after any step and continue from a [`Snapshot`] as if it had not.

mod batches;
mod evaluate;
mod first_step;
mod gradient_noise;
mod inspect;
mod mask_history;
mod plan;
mod predict;
mod prepare;
mod record;
mod report;
mod restore;
mod run;
mod safetensors;
mod shape;
mod share;
mod snapshot;
mod soft_scale;
mod validity;
mod weights;

pub use first_step::Before;
pub use inspect::Inspection;
pub use plan::kind_of;
pub use predict::{Picture, Prediction, SAMPLES as PREDICTED_SAMPLES};
pub use record::Record;
pub use run::{Experiment, Report};
pub use safetensors::safetensors;
pub use shape::{architecture, network_shape};
pub use share::shares;
pub use snapshot::Snapshot;
pub use weights::{LaneTensor, LaneWeights};
