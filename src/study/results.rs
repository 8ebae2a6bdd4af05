//! The results of a study: what `nmflow study` and the page write, and what the page draws.
//!
//! Summaries are computed from the lanes whenever a file is read; those in the file are for other readers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::summary::{GroupSummary, summarise};
use crate::config::{ExperimentConfig, RawExperiment, RawLane};
use crate::error::Problem;

/// Metrics that are summarised over seeds.
pub const SUMMARISED: [&str; 4] = ["val_accuracy_hard", "val_accuracy", "val_loss_hard", "val_bits_hard"];
/// Version of the layout.
const VERSION: u64 = 1;

/// A study and what came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StudyResults {
    /// Version of this layout.
    pub version: u32,
    /// Version of nmflow that trained it.
    pub nmflow: String,
    /// The adapter in words, or `CPU`.
    pub device: String,
    /// Title.
    pub name: String,
    /// What it asks, and what was scaled down.
    pub notes: String,
    /// Seeds of every combination.
    #[cfg_attr(test, ts(type = "number"))]
    pub seeds: u64,
    /// The first of them.
    #[cfg_attr(test, ts(type = "number"))]
    pub first_seed: u64,
    /// One entry per combination of swept values that was trained.
    pub cells: Vec<StudyCell>,
}

/// One combination of swept values and what came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StudyCell {
    /// Swept fields with their values; empty in a study without sweep.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub settings: Map<String, Value>,
    /// The experiment with these values, before it was repeated over seeds.
    pub experiment: RawExperiment,
    /// Mean, spread and paired differences by metric.
    #[cfg_attr(test, ts(type = "Record<string, Array<GroupSummary>>"))]
    pub summary: BTreeMap<String, Vec<GroupSummary>>,
    /// Steps of the reports, where curves were kept.
    pub steps: Vec<u32>,
    /// Every lane with every seed.
    pub lanes: Vec<MeasuredLane>,
}

/// A lane and its metrics after the last step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MeasuredLane {
    /// The lane.
    pub lane: RawLane,
    /// Its metrics by key, without those that were not measured.
    #[cfg_attr(test, ts(type = "Record<string, number>"))]
    pub metrics: BTreeMap<String, f64>,
    /// The metrics whose value was kept at every report; null where nothing was measured.
    #[cfg_attr(test, ts(type = "Record<string, Array<number | null>>"))]
    pub curves: BTreeMap<String, Vec<Option<f64>>>,
}

/// The document is an object of this shape; what it holds is read piece by piece, so that a fault can name its place.
#[derive(Deserialize)]
struct RawResults {
    #[serde(default)]
    nmflow: String,
    #[serde(default)]
    device: String,
    name: String,
    #[serde(default)]
    notes: String,
    seeds: u64,
    #[serde(default)]
    first_seed: u64,
    cells: Vec<RawCell>,
}

#[derive(Deserialize)]
struct RawCell {
    #[serde(default)]
    settings: Map<String, Value>,
    experiment: Value,
    #[serde(default)]
    steps: Vec<u32>,
    lanes: Vec<RawMeasured>,
}

#[derive(Deserialize)]
struct RawMeasured {
    lane: Value,
    metrics: Map<String, Value>,
    #[serde(default)]
    curves: BTreeMap<String, Vec<Option<f64>>>,
}

impl StudyResults {
    /// Whether a JSON document claims to be the results of a study.
    pub fn claims(value: &Value) -> bool {
        value.get("cells").is_some()
    }

    /// Reads and checks results, and summarises them.
    ///
    /// # Errors
    /// Every problem, each with its field.
    pub fn from_value(value: Value) -> Result<Self, Vec<Problem>> {
        if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
            let reason = format!("must be {VERSION}: these are no study results that this nmflow reads");
            return Err(vec![Problem::new("version", reason)]);
        }
        let raw: RawResults = serde_json::from_value(value).map_err(|error| {
            vec![Problem::new("study", format!("is not laid out as study results ({error}); write it again"))]
        })?;
        if raw.cells.is_empty() {
            return Err(vec![Problem::new("cells", "is empty: train at least one combination")]);
        }
        let (mut cells, mut problems) = (Vec::new(), Vec::new());
        for (index, cell) in raw.cells.into_iter().enumerate() {
            match checked_cell(cell, &format!("cells[{index}].")) {
                Ok(cell) => cells.push(cell),
                Err(found) => problems.extend(found),
            }
        }
        let RawResults { nmflow, device, name, notes, seeds, first_seed, .. } = raw;
        let results = Self { version: VERSION as u32, nmflow, device, name, notes, seeds, first_seed, cells };
        if problems.is_empty() { Ok(results) } else { Err(problems) }
    }
}

impl StudyCell {
    /// Reads and checks one combination, and summarises it.
    ///
    /// # Errors
    /// Every problem, each with its field.
    pub fn from_value(value: Value) -> Result<Self, Vec<Problem>> {
        let raw = serde_json::from_value(value)
            .map_err(|error| vec![Problem::new("cell", format!("is no combination of a study ({error})"))])?;
        checked_cell(raw, "")
    }
}

fn checked_cell(mut raw: RawCell, place: &str) -> Result<StudyCell, Vec<Problem>> {
    let experiment = ExperimentConfig::from_value(raw.experiment.clone()).map_err(|problems| {
        let inside = |problem: Problem| Problem { field: format!("{place}experiment.{}", problem.field), ..problem };
        problems.into_iter().map(inside).collect::<Vec<_>>()
    })?;
    let (mut lanes, mut problems) = (Vec::new(), Vec::new());
    for (index, lane) in std::mem::take(&mut raw.lanes).into_iter().enumerate() {
        match checked_lane(lane, &raw.experiment, &format!("{place}lanes[{index}].")) {
            Ok(lane) => lanes.push(lane),
            Err(found) => problems.extend(found),
        }
    }
    if lanes.is_empty() && problems.is_empty() {
        problems.push(Problem::new(format!("{place}lanes"), "is empty: nothing was measured"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let summary = SUMMARISED.into_iter().filter_map(|key| Some((key.to_owned(), summary_of(&lanes, key)?)));
    let summary = summary.collect();
    let RawCell { settings, steps, .. } = raw;
    Ok(StudyCell { settings, experiment: experiment.document().clone(), summary, steps, lanes })
}

/// A lane is valid when the cell's experiment is valid with it alone.
fn checked_lane(raw: RawMeasured, experiment: &Value, place: &str) -> Result<MeasuredLane, Vec<Problem>> {
    let mut alone = experiment.clone();
    alone["lanes"] = Value::Array(vec![raw.lane]);
    let config = ExperimentConfig::from_value(alone).map_err(|problems| {
        let inside = |problem: Problem| {
            let field = problem.field.strip_prefix("lanes[0].").unwrap_or(&problem.field);
            Problem { field: format!("{place}lane.{field}"), ..problem }
        };
        problems.into_iter().map(inside).collect::<Vec<_>>()
    })?;
    let mut metrics = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, value) in raw.metrics {
        if let Some(number) = value.as_f64() {
            metrics.insert(key, number);
        } else {
            problems.push(Problem::new(format!("{place}metrics.{key}"), format!("must be a number, not {value}")));
        }
    }
    let lane = config.document().lanes[0].clone();
    if problems.is_empty() { Ok(MeasuredLane { lane, metrics, curves: raw.curves }) } else { Err(problems) }
}

/// `None` where some lane did not measure it.
fn summary_of(lanes: &[MeasuredLane], key: &str) -> Option<Vec<GroupSummary>> {
    let measured = lanes.iter().map(|lane| Some((lane.lane.clone(), *lane.metrics.get(key)?)));
    Some(summarise(&measured.collect::<Option<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;
    use crate::study::over_seeds;
    use serde_json::json;

    fn results() -> Value {
        let experiment = Preset::find("default").unwrap().experiment().document().clone();
        let lanes = over_seeds(&experiment, &[0, 1, 2]).unwrap().lanes.into_iter().enumerate();
        let lanes: Vec<_> = lanes
            .map(|(at, lane)| json!({"lane": lane, "metrics": {"val_accuracy_hard": 0.5 + 0.01 * at as f64}}))
            .collect();
        json!({
            "version": 1, "nmflow": "0", "device": "CPU", "name": "Patterns", "seeds": 3,
            "cells": [{"settings": {"lanes[].ff": {"n": 1, "m": 16}}, "experiment": experiment, "lanes": lanes}]
        })
    }

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut value = results();
        change(&mut value);
        StudyResults::from_value(value).unwrap_err().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn results_are_summarised_as_they_are_read() {
        let read = StudyResults::from_value(results()).unwrap();
        let [dense, srste, ..] = &read.cells[0].summary["val_accuracy_hard"][..] else { panic!("four groups") };
        assert_eq!((dense.n, dense.baseline.as_deref(), srste.baseline.as_deref()), (3, Some("SR-STE"), None));
        assert!((dense.difference.unwrap() + 0.01).abs() < 1e-12);
        assert!(!read.cells[0].summary.contains_key("val_loss_hard"), "it was not measured");
        let again = StudyResults::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn faults_name_their_place() {
        let found = problems(|value| {
            value["cells"][0]["lanes"][2]["metrics"]["val_accuracy_hard"] = json!("high");
            value["cells"][0]["lanes"][5]["lane"]["ff"]["m"] = json!(48);
        });
        assert_eq!(found[0], "cells[0].lanes[2].metrics.val_accuracy_hard: must be a number, not \"high\"");
        assert!(found[1].starts_with("cells[0].lanes[5].lane.ff.m: groups of 48 do not divide"), "{}", found[1]);
        let found = problems(|value| value["cells"][0]["experiment"]["steps"] = json!(0));
        assert!(found[0].starts_with("cells[0].experiment.steps: must lie between"), "{}", found[0]);
        assert!(problems(|value| value["cells"] = json!([]))[0].starts_with("cells: is empty"));
        assert!(problems(|value| value["version"] = json!(2))[0].starts_with("version: must be 1"));
        assert!(problems(|value| value["cells"] = json!({}))[0].contains("not laid out as study results"));
    }
}
