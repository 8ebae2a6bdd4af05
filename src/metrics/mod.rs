//! What was measured: the table of metrics, and the noise indicators behind it.
//!
//! A report is one row per lane; [`columns`] says what the numbers in a row are, so that charts, tables
//! and files need no list of their own.

mod columns;
mod gradient_noise;
mod noise;
mod noise_columns;

pub use columns::{Chart, LaneMetrics, MaskChanges, MetricColumn, Outcome, SiteMetrics, columns, row};
pub use gradient_noise::{GradientNoise, GradientSums};
pub use noise::{Noise, NoiseSums};
pub use noise_columns::{gradient_noise_row, indicators};
