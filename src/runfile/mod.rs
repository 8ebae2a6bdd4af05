//! The run file: a run with everything it measured, as one JSON document that page and native runner exchange.
//!
//! `docs/FORMATS.md` explains it, `docs/run-file.schema.json` is its JSON Schema. Reading one checks all of it and
//! executes nothing.

mod read;
#[cfg(test)]
mod schema;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{ExperimentConfig, RawExperiment};
use crate::fingerprint::Fingerprint;
use crate::metrics;

pub use read::MAX_BYTES;

/// What `format` says in every run file.
pub const FORMAT: &str = "nmflow-run";
/// Version of the layout. Files of version 1 had no times and are read all the same.
pub const VERSION: u32 = 2;

/// A run and its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunFile {
    /// `nmflow-run`.
    pub format: String,
    /// Version of this layout.
    pub version: u32,
    /// Version of nmflow that wrote the file.
    pub nmflow: String,
    /// `cpu` or `webgpu`; null when not known.
    pub backend: Option<String>,
    /// The adapter in words; empty on the CPU, null when not known.
    pub adapter: Option<String>,
    /// The experiment, complete.
    pub document: RawExperiment,
    /// What the metrics are.
    pub metrics: Vec<RunMetric>,
    /// Steps made at each report, ascending.
    pub steps: Vec<u32>,
    /// Seconds of training until each report, without pauses; null where not known. Measured, so no two runs agree in
    /// them, and no part of the fingerprint.
    pub elapsed_s: Vec<Option<f64>>,
    /// One entry per lane.
    pub lanes: Vec<RunLane>,
    /// What a replay should find again; null for an unfinished run.
    pub fingerprint: Option<Fingerprint>,
}

/// What one metric is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunMetric {
    /// Name in `lanes[].metrics`.
    pub key: String,
    /// Name for readers.
    pub label: String,
    /// Unit, empty for a plain number.
    pub unit: String,
    /// What it means, with its source.
    pub help: String,
}

/// What one lane measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunLane {
    /// Name in legends.
    pub name: String,
    /// How it differs from the first lane.
    pub difference: String,
    /// Values of each metric, one per report; null where nothing was measured.
    #[cfg_attr(test, ts(type = "Record<string, Array<number | null>>"))]
    pub metrics: BTreeMap<String, Vec<Option<f64>>>,
}

impl RunFile {
    /// A run of `config` that reported at `steps`; `value(lane, key, report)` is NaN where nothing was measured.
    pub fn new(config: &ExperimentConfig, steps: &[u32], value: impl Fn(usize, &str, usize) -> f64) -> Self {
        let metrics: Vec<RunMetric> = metrics::columns()
            .into_iter()
            .map(|column| RunMetric { key: column.key, label: column.label, unit: column.unit, help: column.help })
            .collect();
        let values = |lane: usize, key: &str| {
            (0..steps.len()).map(|report| Some(value(lane, key, report)).filter(|value| value.is_finite())).collect()
        };
        let lanes = config.lanes().iter().enumerate().map(|(index, lane)| RunLane {
            name: lane.name.clone(),
            difference: config.lane_difference(index),
            metrics: metrics.iter().map(|metric| (metric.key.clone(), values(index, &metric.key))).collect(),
        });
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            nmflow: env!("CARGO_PKG_VERSION").to_owned(),
            backend: None,
            adapter: None,
            document: config.document().clone(),
            steps: steps.to_vec(),
            elapsed_s: vec![None; steps.len()],
            lanes: lanes.collect(),
            metrics,
            fingerprint: None,
        }
    }
}
