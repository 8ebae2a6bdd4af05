//! The study document: an experiment, the seeds it is repeated over, and one or two fields that are swept.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{ExperimentConfig, FIELDS};
use crate::error::Problem;

/// Most seeds of a study.
pub const MAX_SEEDS: u64 = 100;
/// Highest first seed; every seed after it is one that experiments take.
const MAX_FIRST_SEED: u64 = 1 << 52;
/// Most combinations of swept values.
pub const MAX_CELLS: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStudy {
    version: u32,
    name: String,
    #[serde(default)]
    notes: String,
    experiment: Value,
    seeds: u64,
    #[serde(default)]
    first_seed: u64,
    #[serde(default)]
    curves: Vec<String>,
    #[serde(default)]
    sweep: Vec<SweptField>,
}

/// A field and the values it takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweptField {
    /// Path as in the field table: `steps`, `lanes[].ff`.
    pub field: String,
    /// Its values, as in the experiment document.
    pub values: Vec<Value>,
}

/// One swept field at one of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Path of the field.
    pub field: String,
    /// The value.
    pub value: Value,
}

impl fmt::Display for Setting {
    /// As a person writes it: `lanes[].ff = 1:16`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { field, value } = self;
        match (value.get("n"), value.get("m"), value) {
            (Some(n), Some(m), _) => write!(f, "{field} = {n}:{m}"),
            (.., Value::String(text)) => write!(f, "{field} = {text}"),
            _ => write!(f, "{field} = {value}"),
        }
    }
}

/// One combination of the swept values.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What is set; empty in a study without sweep.
    pub settings: Vec<Setting>,
    /// The experiment with these values, before it is repeated over seeds.
    pub experiment: ExperimentConfig,
}

/// A checked study.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Title.
    pub name: String,
    /// What it asks, and what was scaled down.
    pub notes: String,
    /// Seeds of every combination. Rates are tuned on other seeds than those that are compared.
    pub seeds: Range<u64>,
    /// Keys of the metrics whose value is kept at every report, not only at the last.
    pub curves: Vec<String>,
    /// Every combination; the last field varies fastest.
    pub cells: Vec<Cell>,
}

impl Study {
    /// Reads a study, and every experiment it stands for.
    ///
    /// # Errors
    /// Every problem; those of a combination name its values.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let raw: RawStudy = serde_json::from_str(text)
            .map_err(|error| vec![Problem::new("study", format!("is no study: {error}; see studies/ for examples"))])?;
        let mut problems = Vec::new();
        if raw.version != 1 {
            problems.push(Problem::new("version", format!("{} is not known: this build reads version 1", raw.version)));
        }
        if !(1..=MAX_SEEDS).contains(&raw.seeds) {
            problems.push(Problem::new("seeds", format!("must lie between 1 and {MAX_SEEDS}, not {}", raw.seeds)));
        }
        if raw.first_seed > MAX_FIRST_SEED {
            let reason = format!("must lie between 0 and {MAX_FIRST_SEED}, not {}", raw.first_seed);
            problems.push(Problem::new("first_seed", reason));
        }
        check_sweep(&raw.sweep, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut cells = Vec::new();
        for settings in combinations(&raw.sweep) {
            match cell(&raw.experiment, settings) {
                Ok(cell) => cells.push(cell),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            let seeds = raw.first_seed..raw.first_seed + raw.seeds;
            Ok(Self { name: raw.name, notes: raw.notes, seeds, curves: raw.curves, cells })
        } else {
            Err(problems)
        }
    }
}

fn check_sweep(sweep: &[SweptField], problems: &mut Vec<Problem>) {
    if sweep.len() > 2 {
        problems.push(Problem::new("sweep", format!("has {} fields: sweep one or two", sweep.len())));
    }
    for (index, swept) in sweep.iter().enumerate() {
        if !FIELDS.iter().any(|field| field.path == swept.field) {
            let reason =
                format!("{:?} is no field of the experiment: write steps, task.noise or lanes[].ff", swept.field);
            problems.push(Problem::new(format!("sweep[{index}].field"), reason));
        }
        if swept.values.is_empty() {
            problems.push(Problem::new(format!("sweep[{index}].values"), "is empty: list the values to try"));
        }
    }
    let cells: usize = sweep.iter().map(|swept| swept.values.len()).product();
    if cells > MAX_CELLS {
        problems.push(Problem::new("sweep", format!("has {cells} combinations: at most {MAX_CELLS}")));
    }
}

/// Every combination of the values; the last field varies fastest.
fn combinations(sweep: &[SweptField]) -> Vec<Vec<Setting>> {
    sweep.iter().fold(vec![Vec::new()], |partial, swept| {
        let with = |settings: &Vec<Setting>, value: &Value| {
            let setting = Setting { field: swept.field.clone(), value: value.clone() };
            settings.iter().cloned().chain([setting]).collect()
        };
        partial.iter().flat_map(|settings| swept.values.iter().map(move |value| with(settings, value))).collect()
    })
}

fn cell(experiment: &Value, settings: Vec<Setting>) -> Result<Cell, Vec<Problem>> {
    let mut document = experiment.clone();
    for setting in &settings {
        set(&mut document, setting);
    }
    let named = |problem: Problem| {
        // The field is a word of the document, which a reason has in backticks.
        let marked =
            |setting: &Setting| setting.to_string().replacen(&setting.field, &format!("`{}`", setting.field), 1);
        let values: Vec<_> = settings.iter().map(marked).collect();
        let place = if values.is_empty() { String::new() } else { format!(" (with {})", values.join(", ")) };
        Problem::new(format!("experiment.{}", problem.field), format!("{}{place}", problem.reason))
    };
    match ExperimentConfig::from_value(document) {
        Ok(experiment) => Ok(Cell { settings, experiment }),
        Err(problems) => Err(problems.into_iter().map(named).collect()),
    }
}

/// Writes a value into the document; a field of lanes into every lane.
fn set(document: &mut Value, Setting { field, value }: &Setting) {
    let (group, key) = field.rsplit_once('.').unwrap_or(("", field));
    if !document.is_object() {
        return;
    }
    match group {
        "" => document[key] = value.clone(),
        "lanes[]" => {
            for lane in document["lanes"].as_array_mut().into_iter().flatten().filter(|lane| lane.is_object()) {
                lane[key] = value.clone();
            }
        }
        group if document[group].is_object() || document[group].is_null() => document[group][key] = value.clone(),
        // What is no object is reported by the experiment's own validation.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Site;
    use serde_json::json;

    fn study(change: impl FnOnce(&mut Value)) -> Result<Study, Vec<String>> {
        let mut document = json!({
            "version": 1, "name": "Patterns and budgets", "seeds": 3,
            "experiment": {
                "version": 1, "task": {"kind": "shapes"}, "model": {}, "steps": 100, "batch": 8,
                "lanes": [{"recipe": "dense"}, {"recipe": "ste"}]
            },
            "sweep": [
                {"field": "steps", "values": [100, 200]},
                {"field": "lanes[].ff", "values": [{"n": 2, "m": 4}, {"n": 1, "m": 16}]}
            ]
        });
        change(&mut document);
        let problems = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect();
        Study::from_json(&document.to_string()).map_err(problems)
    }

    #[test]
    fn a_sweep_is_every_combination_of_its_values() {
        let cells = study(|_| {}).unwrap().cells;
        let seen: Vec<_> = cells
            .iter()
            .map(|cell| (cell.experiment.steps(), cell.experiment.lanes()[1].target(Site::Ff1).unwrap().to_string()))
            .collect();
        let expected = [(100, "2:4"), (100, "1:16"), (200, "2:4"), (200, "1:16")];
        assert_eq!(seen, expected.map(|(steps, pattern)| (steps, pattern.to_owned())));
        assert_eq!(cells[3].settings[0], Setting { field: "steps".into(), value: json!(200) });
    }

    #[test]
    fn the_studies_that_come_with_the_lab_are_valid() {
        for text in [
            include_str!("../../studies/budget-rates.json"),
            include_str!("../../studies/budgets.json"),
            include_str!("../../studies/character-rates.json"),
            include_str!("../../studies/characters.json"),
            include_str!("../../studies/learning-rates.json"),
            include_str!("../../studies/mnist-rates.json"),
            include_str!("../../studies/mnist.json"),
            include_str!("../../studies/patterns.json"),
            include_str!("../../studies/translation-rates.json"),
            include_str!("../../studies/translation.json"),
        ] {
            let study = Study::from_json(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
            assert!(study.seeds.end - study.seeds.start >= 3 && study.cells.len() >= 2, "{}", study.name);
        }
    }

    #[test]
    fn a_study_without_sweep_is_one_experiment() {
        let study = study(|document| document["sweep"] = json!([])).unwrap();
        assert_eq!((study.cells.len(), study.seeds), (1, 0..3));
    }

    #[test]
    fn seeds_start_where_the_study_says() {
        assert_eq!(study(|document| document["first_seed"] = json!(100)).unwrap().seeds, 100..103);
        let found = study(|document| document["first_seed"] = json!(u64::MAX)).unwrap_err();
        assert!(found[0].starts_with("first_seed: must lie between 0 and 4503599627370496"), "{}", found[0]);
    }

    #[test]
    fn faults_name_their_field_and_their_combination() {
        let found = study(|document| document["sweep"][1]["values"][1] = json!({"n": 1, "m": 48})).unwrap_err();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("experiment.lanes[1].ff.m: groups of 48 do not divide"), "{}", found[0]);
        assert!(found[0].ends_with("(with `steps` = 100, `lanes[].ff` = 1:48)"), "{}", found[0]);
        let found = study(|document| {
            document["sweep"][0]["field"] = json!("lanes[0].ff");
            document["sweep"][1]["values"] = json!([]);
            document["seeds"] = json!(0);
        });
        let fields: Vec<_> = found.unwrap_err().into_iter().map(|p| p.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(fields, ["seeds", "sweep[0].field", "sweep[1].values"]);
        assert!(study(|document| document["colour"] = json!(1)).unwrap_err()[0].starts_with("study: is no study"));
    }
}
