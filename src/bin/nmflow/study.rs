//! `nmflow study`: one experiment over seeds and swept values, with statistics, as JSON.

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;
use nmflow::config::{ExperimentConfig, RawLane};
use nmflow::device::{self, Choice};
use nmflow::error::{LabError, Problem};
use nmflow::experiment::Experiment;
use nmflow::metrics;
use nmflow::study::{Cell, SUMMARISED, Study, parts_over_seeds, summarise};
use serde_json::{Map, Value, json};

use super::runner::{DeviceName, file_error, progress_bar, read_data};

/// What `nmflow study` was asked for.
#[derive(clap::Args)]
pub struct StudyArguments {
    /// Study file (JSON).
    study: PathBuf,
    /// Where to train.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// Experiments that train at the same time; as many as there are cores when not given. The results are the same.
    #[arg(long)]
    jobs: Option<NonZero<usize>>,
    /// Data files for tasks that need them.
    #[arg(long, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Writes the results to this file instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A cell at as many of the seeds as an experiment has room for.
struct Part {
    cell: usize,
    config: ExperimentConfig,
}

/// What came out of one lane.
struct Outcome {
    lane: RawLane,
    /// Every metric at the last report.
    last: Vec<f64>,
    /// The metrics whose curves the study keeps, `[curves][reports]`.
    curves: Vec<Vec<f64>>,
}

/// What came out of a part.
struct Trained {
    /// Steps of the reports.
    steps: Vec<u32>,
    lanes: Vec<Outcome>,
}

/// Trains every combination over every seed.
///
/// # Errors
/// When study, data or output cannot be read or written, and when training fails.
pub async fn study(arguments: &StudyArguments) -> Result<(), LabError> {
    let path = arguments.study.display().to_string();
    let text = fs::read_to_string(&arguments.study).map_err(|error| file_error(&path, &error))?;
    let study = Study::from_json(&text)?;
    let curves = curve_columns(&study.curves)?;
    let choice = device::choose(arguments.device.wanted(), 1).await.map_err(LabError::Device)?;
    let name = choice.gpu.as_ref().map_or("CPU", |gpu| gpu.adapter.as_str());
    let parts = parts(&study)?;
    let trained = train_all(&parts, arguments, &choice, &curves)?;
    let mut of_cells: Vec<Vec<Trained>> = study.cells.iter().map(|_| Vec::new()).collect();
    for (part, trained) in parts.iter().zip(trained) {
        of_cells[part.cell].push(trained);
    }
    let cells = study.cells.iter().zip(of_cells).map(|(cell, parts)| cell_results(cell, parts, &study.curves));
    let results = json!({
        "version": 1, "nmflow": env!("CARGO_PKG_VERSION"), "device": name, "name": study.name, "notes": study.notes,
        "seeds": study.seeds.end - study.seeds.start, "first_seed": study.seeds.start,
        "cells": cells.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&results).expect("results are plain JSON") + "\n";
    match &arguments.out {
        Some(out) => fs::write(out, text).map_err(|error| file_error(&out.display().to_string(), &error))?,
        None => print!("{text}"),
    }
    Ok(())
}

fn metric_keys() -> Vec<String> {
    metrics::columns().into_iter().map(|column| column.key).collect()
}

/// Where the metrics named `curves` stand in a row.
fn curve_columns(curves: &[String]) -> Result<Vec<usize>, LabError> {
    let keys = metric_keys();
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for (index, curve) in curves.iter().enumerate() {
        if let Some(column) = keys.iter().position(|key| key == curve) {
            columns.push(column);
        } else {
            let reason = format!("{curve:?} is no metric: write one of {}", keys.join(", "));
            problems.push(Problem::new(format!("curves[{index}]"), reason));
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(LabError::Config(problems)) }
}

/// The experiments that a study consists of.
fn parts(study: &Study) -> Result<Vec<Part>, LabError> {
    let seeds: Vec<u64> = study.seeds.clone().collect();
    let mut parts = Vec::new();
    for (index, cell) in study.cells.iter().enumerate() {
        for repeated in parts_over_seeds(cell.experiment.document(), &seeds) {
            parts.push(Part { cell: index, config: ExperimentConfig::try_from(repeated)? });
        }
    }
    Ok(parts)
}

/// Trains all parts, several at a time; the results come in the order of the parts.
fn train_all(
    parts: &[Part],
    arguments: &StudyArguments,
    choice: &Choice,
    curves: &[usize],
) -> Result<Vec<Trained>, LabError> {
    let lane_steps = |part: &Part| u64::from(part.config.steps()) * part.config.lanes().len() as u64;
    let bar = progress_bar(parts.iter().map(lane_steps).sum());
    let next = AtomicUsize::new(0);
    let trained: Mutex<Vec<Option<Result<Trained, LabError>>>> = Mutex::new(parts.iter().map(|_| None).collect());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(index) else { return };
            let result = pollster::block_on(train(part, arguments, choice, curves, &bar));
            if result.is_err() {
                next.store(parts.len(), Ordering::Relaxed);
            }
            trained.lock().expect("no thread panics while it holds the results")[index] = Some(result);
        }
    };
    let cores = || thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    thread::scope(|scope| {
        for _ in 0..arguments.jobs.unwrap_or_else(cores).get().min(parts.len()) {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    trained.into_inner().expect("every thread has ended").into_iter().flatten().collect()
}

/// Trains a part to the end of the budget.
async fn train(
    part: &Part,
    arguments: &StudyArguments,
    choice: &Choice,
    curves: &[usize],
    bar: &ProgressBar,
) -> Result<Trained, LabError> {
    let dataset = read_data(part.config.task(), &arguments.data)?;
    let experiment = Experiment::new(part.config.clone(), dataset, choice.device.clone())?;
    let mut experiment = experiment.with_products(choice.products());
    let lanes = part.config.document().lanes.iter();
    let mut lanes: Vec<_> = lanes
        .map(|lane| Outcome { lane: lane.clone(), last: Vec::new(), curves: vec![Vec::new(); curves.len()] })
        .collect();
    let mut steps = Vec::new();
    loop {
        let report = experiment.report().await?;
        steps.push(report.step);
        for (outcome, lane) in lanes.iter_mut().zip(&report.lanes) {
            outcome.last = metrics::row(lane);
            for (curve, column) in outcome.curves.iter_mut().zip(curves) {
                curve.push(outcome.last[*column]);
            }
        }
        if experiment.finished() {
            return Ok(Trained { steps, lanes });
        }
        experiment.train_step();
        while !experiment.report_due() {
            experiment.train_step();
        }
        bar.inc(u64::from(experiment.step() - report.step) * lanes.len() as u64);
    }
}

/// A cell's results: all seeds as one experiment, beyond the number of lanes that could train together.
fn cell_results(cell: &Cell, parts: Vec<Trained>, curves: &[String]) -> Value {
    let keys = metric_keys();
    let steps = parts.first().map(|part| part.steps.clone()).unwrap_or_default();
    let lanes: Vec<Outcome> = parts.into_iter().flat_map(|part| part.lanes).collect();
    let summaries = SUMMARISED.into_iter().filter_map(|key| {
        let at = keys.iter().position(|known| known == key).expect("a summarised metric exists");
        let values: Vec<_> = lanes.iter().map(|outcome| (outcome.lane.clone(), outcome.last[at])).collect();
        // Bits per character, for one, are measured on text alone.
        let measured = values.iter().any(|(_, value)| value.is_finite());
        measured.then(|| (key.to_owned(), json!(summarise(&values))))
    });
    let settings = cell.settings.iter().map(|setting| (setting.field.clone(), setting.value.clone()));
    let lanes = lanes.iter().map(|Outcome { lane, last, curves: values }| {
        let measured = keys.iter().zip(last).filter(|(_, value)| value.is_finite());
        let metrics: Map<_, _> = measured.map(|(key, value)| (key.clone(), json!(value))).collect();
        let curves: Map<_, _> = curves.iter().cloned().zip(values.iter().map(|values| json!(values))).collect();
        json!({"lane": lane, "metrics": metrics, "curves": curves})
    });
    json!({
        "settings": settings.collect::<Map<_, _>>(),
        "experiment": cell.experiment.document(),
        "summary": summaries.collect::<Map<_, _>>(),
        "steps": steps,
        "lanes": lanes.collect::<Vec<_>>(),
    })
}
