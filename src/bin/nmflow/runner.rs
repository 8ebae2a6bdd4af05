//! The native runner: trains the page's experiment files on the command line.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use nmflow::config::link::{self, Link};
use nmflow::config::{ExperimentConfig, Preset, TaskConfig, authors};
use nmflow::data::{DataFile, Dataset};
use nmflow::device::{self, Wanted};
use nmflow::error::LabError;
use nmflow::experiment::{Experiment, Report};
use nmflow::fingerprint::Fingerprint;
use nmflow::metrics;
use nmflow::runfile::RunFile;
use serde_json::{Map, Value, json};

use super::cost::{CostArguments, cost};
use super::study::{StudyArguments, study};
use crate::outcome;

/// Trains N:M-sparse transformers, several recipes side by side.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Trains an experiment and prints the final table.
    Run(RunArguments),
    /// Trains an experiment over seeds and swept values, and writes the results with their intervals as JSON.
    Study(StudyArguments),
    /// Prints FLOPs, parameters and packed memory of a network, and what its training costs.
    Cost(CostArguments),
    /// Checks an experiment and prints its link fragment.
    Link {
        /// Experiment file (JSON), run file, preset name, or link.
        experiment: String,
    },
    /// Prints the lanes of an experiment in the configuration keys of the paper authors' code.
    Authors {
        /// Experiment file (JSON), run file, preset name, or link.
        experiment: String,
    },
}

#[derive(clap::Args)]
struct RunArguments {
    /// Experiment file (JSON), run file, preset name, or link.
    experiment: String,
    /// Where to train.
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// Data files for tasks that need them (IDX or CIFAR-10, gzip or plain).
    #[arg(long, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Writes one JSON object per lane and report to this file.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Writes the finished run to this file, which the page opens.
    #[arg(long)]
    save: Option<PathBuf>,
    /// Writes the weights of every lane into this folder, one safetensors file each.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// A link or run file with the results that this run should repeat; without it, those that the experiment's own
    /// link or run file carries. A run that differs ends with an error.
    #[arg(long)]
    expect: Option<String>,
}

/// A device by name.
#[derive(Clone, Copy, ValueEnum)]
pub enum DeviceName {
    /// The CPU backend: the same numbers as in the browser.
    Cpu,
    /// The GPU through Vulkan, Metal or DirectX 12.
    #[value(alias = "gpu")]
    Vulkan,
    /// Whichever is faster here.
    Auto,
}

impl DeviceName {
    /// What the device chooser is asked for.
    pub fn wanted(self) -> Wanted {
        match self {
            Self::Cpu => Wanted::Cpu,
            Self::Vulkan => Wanted::WebGpu,
            Self::Auto => Wanted::Auto,
        }
    }
}

/// Reads the arguments, does what they ask, prints errors.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Task::Run(arguments) => pollster::block_on(run(&arguments)),
        Task::Study(arguments) => pollster::block_on(study(&arguments)),
        Task::Cost(arguments) => cost(&arguments),
        Task::Authors { experiment } => read_source(&experiment).map(|Link { experiment, .. }| {
            let lanes = (0..experiment.lanes().len()).map(|lane| authors::yaml(&experiment, lane));
            print!("{}", lanes.collect::<Vec<_>>().join("---\n"));
        }),
        Task::Link { experiment } => read_source(&experiment).map(|Link { experiment, fingerprint }| {
            println!("#e={}", link::encode(experiment.document(), fingerprint.as_ref()));
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file that cannot be read or written.
pub fn file_error(path: &str, error: &std::io::Error) -> LabError {
    LabError::Data { file: path.to_owned(), reason: format!("cannot be read or written ({error}); check the path") }
}

/// A preset by name, a link by its `#e=`, otherwise a file: a run with its results, or an experiment alone.
pub fn read_source(source: &str) -> Result<Link, LabError> {
    if let Some(preset) = Preset::find(source) {
        return Ok(Link { experiment: preset.experiment(), fingerprint: None });
    }
    if let Some((_, fragment)) = source.split_once("#e=") {
        // What follows is how the page showed it.
        return link::decode(fragment.split('&').next().unwrap_or_default());
    }
    let text = fs::read_to_string(source).map_err(|error| file_error(source, &error))?;
    let is_run = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.get("format").is_some());
    if is_run {
        let run = RunFile::from_json(&text)?;
        return Ok(Link { experiment: ExperimentConfig::try_from(run.document)?, fingerprint: run.fingerprint });
    }
    Ok(Link { experiment: ExperimentConfig::from_json(&text)?, fingerprint: None })
}

/// The results to repeat, if the user or the experiment's source names any.
fn expected(arguments: &RunArguments, own: Option<Fingerprint>) -> Result<Option<Fingerprint>, LabError> {
    let Some(source) = &arguments.expect else { return Ok(own) };
    let nothing = || LabError::Data {
        file: source.clone(),
        reason: "carries no results to compare with; give a finished run's file or link".to_owned(),
    };
    read_source(source)?.fingerprint.ok_or_else(nothing).map(Some)
}

/// The data of a task: generated, or from the files at `paths`.
pub fn read_data(task: &TaskConfig, paths: &[PathBuf]) -> Result<Dataset, LabError> {
    if !task.reads_files() {
        return Dataset::generated(task);
    }
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| file_error(&name, &error))?;
        Ok(DataFile { name, bytes })
    };
    let files = paths.iter().map(read).collect::<Result<Vec<_>, LabError>>()?;
    Dataset::from_files(task, &files)
}

async fn run(arguments: &RunArguments) -> Result<(), LabError> {
    let Link { experiment: config, fingerprint } = read_source(&arguments.experiment)?;
    let expected = expected(arguments, fingerprint)?;
    let dataset = read_data(config.task(), &arguments.data)?;
    if let Some(note) = dataset.note() {
        eprintln!("{note}");
    }
    let choice = device::choose(arguments.device.wanted(), 1).await.map_err(LabError::Device)?;
    let name = choice.gpu.as_ref().map_or("CPU", |gpu| gpu.adapter.as_str());
    eprintln!("{} on {name}: {}", config.name(), choice.reason);

    let mut out = match &arguments.out {
        Some(path) => {
            let name = path.display().to_string();
            Some(BufWriter::new(fs::File::create(path).map_err(|error| file_error(&name, &error))?))
        }
        None => None,
    };
    let mut experiment = Experiment::new(config, dataset, choice.device.clone())?.with_products(choice.products());
    let bar = progress_bar(u64::from(experiment.config().steps()));
    let mut report = experiment.report().await?;
    let start = Instant::now();
    let mut elapsed_s = vec![0.0];
    loop {
        if let Some(out) = &mut out {
            write_report(out, &report, elapsed_s[elapsed_s.len() - 1], &experiment)
                .map_err(|error| file_error("--out", &error))?;
        }
        if experiment.finished() {
            break;
        }
        experiment.train_step();
        while !experiment.report_due() {
            experiment.train_step();
        }
        report = experiment.report().await?;
        elapsed_s.push(start.elapsed().as_secs_f64());
        bar.set_position(u64::from(report.step));
    }
    bar.finish_and_clear();
    if let Some(out) = &mut out {
        out.flush().map_err(|error| file_error("--out", &error))?;
    }
    let fingerprint = experiment.fingerprint(name).await?;
    outcome::print_table(&experiment, &report, &fingerprint);
    if let Some(path) = &arguments.save {
        outcome::save(path, &experiment, &elapsed_s, &choice, &fingerprint)?;
    }
    if let Some(folder) = &arguments.weights {
        outcome::save_weights(folder, &experiment).await?;
    }
    expected.map_or(Ok(()), |expected| outcome::check(&expected, &fingerprint))
}

/// Progress in steps, with speed and remaining time.
pub fn progress_bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} steps, {per_sec}, {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(steps).with_style(style)
}

/// One line per lane: step, seconds of training, lane, name, every metric, then the noise of every matrix; null where nothing was measured.
fn write_report(out: &mut impl Write, report: &Report, elapsed_s: f64, experiment: &Experiment) -> std::io::Result<()> {
    let columns = metrics::columns();
    for (index, (lane, config)) in report.lanes.iter().zip(experiment.config().lanes()).enumerate() {
        let mut line = Map::new();
        line.insert("step".into(), json!(report.step));
        line.insert("elapsed_s".into(), json!(elapsed_s));
        line.insert("lane".into(), json!(index));
        line.insert("name".into(), json!(config.name));
        for (column, value) in columns.iter().zip(metrics::row(lane)) {
            line.insert(column.key.clone(), if value.is_finite() { json!(value) } else { Value::Null });
        }
        let layers = experiment.measured_matrices().into_iter().zip(report.layers.get(index).into_iter().flatten());
        let layers: Map<_, _> = layers.map(|(name, noise)| (name.to_owned(), layer(noise))).collect();
        line.insert("layers".into(), Value::Object(layers));
        writeln!(out, "{}", Value::Object(line))?;
    }
    Ok(())
}

/// Indicators of one matrix; null where nothing was measured.
fn layer(noise: &metrics::Noise) -> Value {
    metrics::indicators(noise).into_iter().map(|(key, value)| (key, json!(value))).collect()
}
