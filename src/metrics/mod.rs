//! What was measured: the table of metrics, and the noise indicators behind it.
//!
//! A report is one row per lane; [`columns`] says what the numbers in a row are, so that charts, tables
//! and files need no list of their own.

mod columns;
mod noise;

pub use columns::{Chart, LaneMetrics, MetricColumn, Outcome, SiteMetrics, columns, row};
pub use noise::{Noise, NoiseSums};
