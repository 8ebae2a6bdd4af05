//! `nmflow study`: one experiment over seeds and swept values, with statistics, as JSON.

use std::fs;
use std::path::PathBuf;

use nmflow::config::{ExperimentConfig, MAX_LANES};
use nmflow::data::Dataset;
use nmflow::device;
use nmflow::error::LabError;
use nmflow::experiment::{Experiment, Report};
use nmflow::metrics;
use nmflow::study::{Cell, Study, over_seeds, summarise};
use serde_json::{Map, Value, json};

use super::runner::{DeviceName, file_error, progress_bar, read_data};

/// Metrics that are summarised over seeds.
const SUMMARISED: [&str; 3] = ["val_accuracy_hard", "val_accuracy", "val_loss_hard"];

/// What `nmflow study` was asked for.
#[derive(clap::Args)]
pub struct StudyArguments {
    /// Study file (JSON).
    study: PathBuf,
    /// Where to train.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// Data files for tasks that need them.
    #[arg(long, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Writes the results to this file instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Trains every combination over every seed.
///
/// # Errors
/// When study, data or output cannot be read or written, and when training fails.
pub async fn study(arguments: &StudyArguments) -> Result<(), LabError> {
    let path = arguments.study.display().to_string();
    let text = fs::read_to_string(&arguments.study).map_err(|error| file_error(&path, &error))?;
    let study = Study::from_json(&text)?;
    let choice = device::choose(arguments.device.wanted()).await.map_err(LabError::Device)?;
    let device = choice.gpu.as_ref().map_or("CPU", |gpu| gpu.adapter.as_str());
    let mut cells = Vec::new();
    for (index, cell) in study.cells.iter().enumerate() {
        let settings: Vec<_> = cell.settings.iter().map(|s| format!("{} = {}", s.field, s.value)).collect();
        eprintln!("{} of {}: {}", index + 1, study.cells.len(), settings.join(", "));
        cells.push(run_cell(cell, study.seeds, arguments, &choice.device).await?);
    }
    let results = json!({
        "version": 1, "nmflow": env!("CARGO_PKG_VERSION"), "device": device,
        "name": study.name, "notes": study.notes, "seeds": study.seeds, "cells": cells,
    });
    let text = serde_json::to_string_pretty(&results).expect("results are plain JSON") + "\n";
    match &arguments.out {
        Some(out) => fs::write(out, text).map_err(|error| file_error(&out.display().to_string(), &error))?,
        None => print!("{text}"),
    }
    Ok(())
}

/// Trains one combination over all seeds, as many at a time as an experiment has room for.
async fn run_cell(
    cell: &Cell,
    seeds: u64,
    arguments: &StudyArguments,
    device: &burn::tensor::Device,
) -> Result<Value, LabError> {
    let document = cell.experiment.document();
    let seeds: Vec<u64> = (0..seeds).collect();
    let mut lanes = Vec::new();
    for seeds in seeds.chunks(MAX_LANES / document.lanes.len()) {
        let repeated = over_seeds(document, seeds).expect("a chunk of seeds fits");
        let config = ExperimentConfig::try_from(repeated)?;
        let dataset = read_data(config.task(), &arguments.data)?;
        let report = train(config.clone(), dataset, device).await?;
        let rows = report.lanes.iter().map(metrics::row);
        lanes.extend(config.document().lanes.clone().into_iter().zip(rows));
    }
    // All seeds as one experiment, beyond the number of lanes that could train together.
    let keys: Vec<String> = metrics::columns().into_iter().map(|column| column.key).collect();
    let summaries = SUMMARISED.map(|key| {
        let at = keys.iter().position(|known| known == key).expect("a summarised metric exists");
        let values: Vec<_> = lanes.iter().map(|(lane, row)| (lane.clone(), row[at])).collect();
        (key.to_owned(), json!(summarise(&values)))
    });
    let settings = cell.settings.iter().map(|setting| (setting.field.clone(), setting.value.clone()));
    let lanes = lanes.iter().map(|(lane, row)| {
        let measured = keys.iter().zip(row).filter(|(_, value)| value.is_finite());
        let metrics: Map<_, _> = measured.map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({"lane": lane, "metrics": metrics})
    });
    Ok(json!({
        "settings": settings.collect::<Map<_, _>>(),
        "experiment": document,
        "summary": summaries.into_iter().collect::<Map<_, _>>(),
        "lanes": lanes.collect::<Vec<_>>(),
    }))
}

/// Trains to the end of the budget and gives the last report.
async fn train(config: ExperimentConfig, dataset: Dataset, device: &burn::tensor::Device) -> Result<Report, LabError> {
    let mut experiment = Experiment::new(config, dataset, device.clone())?;
    let bar = progress_bar(experiment.config().steps());
    loop {
        experiment.train_step();
        if experiment.report_due() {
            let report = experiment.report().await?;
            bar.set_position(u64::from(report.step));
            if experiment.finished() {
                bar.finish_and_clear();
                return Ok(report);
            }
        }
    }
}
