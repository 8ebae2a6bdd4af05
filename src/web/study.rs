//! Studies for the page: plans, results of single combinations, files.

use serde::Serialize;
use serde_json::{Map, Value};

use super::protocol::Event;
use crate::config::RawExperiment;
use crate::error::Problem;
use crate::runfile::{MAX_BYTES, RunFile};
use crate::study::{Study, StudyCell, StudyResults, parts_over_seeds};

/// One combination of swept values, yet to be trained.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlannedCell {
    /// Swept fields with their values.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub settings: Map<String, Value>,
    /// The experiment with these values, before it is repeated over seeds.
    pub experiment: RawExperiment,
    /// The experiment over all seeds, in parts of lanes that train together.
    pub parts: Vec<RawExperiment>,
}

/// What a study would train; its problems otherwise.
pub fn plan(study: &Value) -> Event {
    let study = match Study::from_json(&study.to_string()) {
        Ok(study) => study,
        Err(problems) => return Event::Problems { problems },
    };
    let seeds: Vec<u64> = study.seeds.clone().collect();
    let planned = study.cells.into_iter().map(|cell| PlannedCell {
        parts: parts_over_seeds(cell.experiment.document(), &seeds),
        experiment: cell.experiment.document().clone(),
        settings: cell.settings.into_iter().map(|setting| (setting.field, setting.value)).collect(),
    });
    Event::StudyPlanned { cells: planned.collect() }
}

/// A combination that was trained, with its statistics; its problems otherwise.
pub fn cell(cell: Value) -> Event {
    StudyCell::from_value(cell)
        .map_or_else(|problems| Event::Problems { problems }, |cell| Event::StudyCell { cell: Box::new(cell) })
}

/// A run or the results of a study, whichever the file holds; its problems otherwise.
pub fn read_file(text: &str) -> Event {
    if text.len() > MAX_BYTES {
        let reason = format!("is longer than {} MiB", MAX_BYTES >> 20);
        return Event::Problems { problems: vec![Problem::new("file", reason)] };
    }
    let study = serde_json::from_str(text).ok().filter(StudyResults::claims);
    let read = match study {
        Some(study) => StudyResults::from_value(study).map(|results| Event::Study { results }),
        None => RunFile::from_json(text).map(|run| Event::Run { run }),
    };
    read.unwrap_or_else(|problems| Event::Problems { problems })
}
