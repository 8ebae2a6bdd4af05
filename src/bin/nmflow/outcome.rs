//! What the runner leaves behind: the final table, the run file, the verdict on a replay.

use std::fs;
use std::path::Path;

use nmflow::device::Choice;
use nmflow::error::LabError;
use nmflow::experiment::{Experiment, Report};
use nmflow::fingerprint::{Fingerprint, Verdict};
use nmflow::runfile::RunFile;

use crate::runner::file_error;

/// Accuracy and loss of every lane, and the hashes that a replay should find again.
pub fn print_table(experiment: &Experiment, report: &Report, fingerprint: &Fingerprint) {
    println!(
        "{:<24} {:>10} {:>10} {:>10}  {:<16}  {:<16}",
        "lane", "soft acc.", "hard acc.", "val. loss", "weights", "metrics"
    );
    let lanes = report.lanes.iter().zip(experiment.config().lanes()).zip(&fingerprint.lanes);
    for ((lane, config), print) in lanes {
        let (Some(soft), Some(hard)) = (lane.validation, lane.validation_hard) else { continue };
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let (soft_text, hard_text) = (percent(soft.accuracy), percent(hard.accuracy));
        println!(
            "{:<24} {soft_text:>10} {hard_text:>10} {:>10.4}  {}  {}",
            config.name, soft.loss, print.weights, print.metrics
        );
    }
}

/// Writes the run as a file that the page opens.
///
/// `elapsed_s` is the time of training until each of its reports.
pub fn save(
    path: &Path,
    run: &Experiment,
    elapsed_s: &[f64],
    choice: &Choice,
    fingerprint: &Fingerprint,
) -> Result<(), LabError> {
    let record = run.record();
    let file = RunFile {
        elapsed_s: elapsed_s.iter().copied().map(Some).collect(),
        backend: Some(if choice.gpu.is_some() { "webgpu" } else { "cpu" }.to_owned()),
        adapter: Some(choice.gpu.as_ref().map_or_else(String::new, |gpu| gpu.adapter.clone())),
        fingerprint: Some(fingerprint.clone()),
        ..RunFile::new(run.config(), &record.steps, |lane, key, report| record.value(lane, key, report))
    };
    let text = serde_json::to_string(&file).expect("a run file is plain JSON");
    fs::write(path, text + "\n").map_err(|error| file_error(&path.display().to_string(), &error))
}

/// Writes one safetensors file per lane into `folder`.
pub async fn save_weights(folder: &Path, run: &Experiment) -> Result<(), LabError> {
    let failed = |error: &std::io::Error| file_error(&folder.display().to_string(), error);
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    for (lane, bytes) in run.weights().await?.iter().enumerate() {
        fs::write(folder.join(format!("lane-{}.safetensors", lane + 1)), bytes).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Says whether the run came out as expected.
///
/// # Errors
/// [`LabError::Replay`] when it did not.
pub fn check(expected: &Fingerprint, found: &Fingerprint) -> Result<(), LabError> {
    let comparison = expected.compare(found);
    if matches!(comparison.verdict, Verdict::Differs | Verdict::Incomparable) {
        return Err(LabError::Replay(comparison.summary));
    }
    println!("{}", comparison.summary);
    Ok(())
}
