//! Reads run files from anywhere: everything is checked before anything is used.

use serde_json::Value;

use super::{FORMAT, RunFile, VERSION};
use crate::config::{ExperimentConfig, MAX_LANES};
use crate::error::Problem;

/// No run file is longer; a longer one is refused unread.
pub const MAX_BYTES: usize = 256 << 20;

impl RunFile {
    /// Reads the text of a run file.
    ///
    /// # Errors
    /// Every problem found, each with its field.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > MAX_BYTES {
            return Err(vec![Problem::new("file", format!("is longer than {} MiB", MAX_BYTES >> 20))]);
        }
        let value = serde_json::from_str(text)
            .map_err(|error| vec![Problem::new("file", format!("is not valid JSON ({error}); export it again"))])?;
        Self::from_value(value)
    }

    /// Reads the JSON of a run file.
    ///
    /// # Errors
    /// Every problem found, each with its field.
    pub fn from_value(value: Value) -> Result<Self, Vec<Problem>> {
        let one = |field: &str, reason: String| Err(vec![Problem::new(field, reason)]);
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return one("format", format!("must be \"{FORMAT}\": this is no run file of nmflow"));
        }
        let version = value.get("version").and_then(Value::as_u64);
        if version.is_some_and(|version| version > u64::from(VERSION)) {
            let reason = format!("is newer than {VERSION}, the newest this nmflow reads; update it");
            return one("version", reason);
        }
        // The document comes first: it may be of an older layout, and its problems have better words.
        let document = value.get("document").cloned().unwrap_or(Value::Null);
        let config = ExperimentConfig::from_value(document).map_err(|problems| {
            let inside = |problem: Problem| Problem { field: format!("document.{}", problem.field), ..problem };
            problems.into_iter().map(inside).collect::<Vec<_>>()
        })?;
        let mut value = value;
        if version == Some(1) {
            lift_from_first(&mut value);
        }
        value["document"] = serde_json::to_value(config.document()).expect("the raw form is plain JSON");
        let run: Self = match serde_json::from_value(value) {
            Ok(run) => run,
            Err(error) => return one("file", format!("is no run file of version {VERSION} ({error})")),
        };
        let problems = run.problems();
        if problems.is_empty() { Ok(run) } else { Err(problems) }
    }

    /// What does not fit together.
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |field: &str, reason: String| problems.push(Problem::new(field, reason));
        if self.version != VERSION {
            report("version", format!("must be {VERSION}, not {}", self.version));
        }
        if self.lanes.len() != self.document.lanes.len() || self.lanes.len() > MAX_LANES {
            let (have, want) = (self.lanes.len(), self.document.lanes.len());
            report("lanes", format!("holds {have} lanes, but the document has {want}"));
        }
        if !self.steps.windows(2).all(|pair| pair[0] < pair[1]) {
            report("steps", "must rise from report to report".to_owned());
        }
        if self.steps.last().is_some_and(|last| *last > self.document.steps) {
            report("steps", format!("goes beyond the budget of {} steps", self.document.steps));
        }
        if self.elapsed_s.len() != self.steps.len() {
            let (have, want) = (self.elapsed_s.len(), self.steps.len());
            report("elapsed_s", format!("holds {have} values for {want} reports"));
        }
        let known: Vec<f64> = self.elapsed_s.iter().flatten().copied().collect();
        if known.first().is_some_and(|first| *first < 0.0) || known.windows(2).any(|pair| pair[0] > pair[1]) {
            report("elapsed_s", "must start at 0 or later and never fall".to_owned());
        }
        for (index, lane) in self.lanes.iter().enumerate() {
            for (key, values) in &lane.metrics {
                let field = format!("lanes[{index}].metrics.{key}");
                if values.len() != self.steps.len() {
                    report(&field, format!("holds {} values for {} reports", values.len(), self.steps.len()));
                }
                if !self.metrics.iter().any(|metric| metric.key == *key) {
                    report(&field, "is not explained in `metrics`".to_owned());
                }
            }
        }
        if self.fingerprint.as_ref().is_some_and(|print| print.lanes.len() != self.document.lanes.len()) {
            report("fingerprint.lanes", "must hold one entry per lane of the document".to_owned());
        }
        problems
    }
}

/// Version 1 knew no times.
fn lift_from_first(value: &mut Value) {
    let reports = value.get("steps").and_then(Value::as_array).map_or(0, Vec::len);
    value["version"] = VERSION.into();
    value["elapsed_s"] = vec![Value::Null; reports].into();
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::PRESETS;

    pub fn run() -> Value {
        let value = |lane: usize, key: &str, report: usize| {
            if key.starts_with("val_") && report == 0 { f64::NAN } else { (lane + report) as f64 / 7.0 }
        };
        let run = RunFile::new(&PRESETS[0].experiment(), &[0, 10, 20], value);
        serde_json::to_value(run).unwrap()
    }

    fn problems(value: Value) -> Vec<String> {
        RunFile::from_value(value).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_run_file_survives_the_round_trip() {
        let read = RunFile::from_json(&run().to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), run());
        assert_eq!(read.lanes[1].metrics["val_loss"], [None, Some(2.0 / 7.0), Some(3.0 / 7.0)]);
    }

    #[test]
    fn every_problem_is_named_with_its_field() {
        let mut wrong = run();
        wrong["steps"] = json!([0, 20, 10]);
        wrong["lanes"][2]["metrics"]["val_loss"] = json!([1.0]);
        wrong["lanes"][0]["metrics"]["dreams"] = json!([1, 2, 3]);
        let found = problems(wrong);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with("steps: must rise"));
        assert!(found[1].starts_with("lanes[0].metrics.dreams: is not explained"));
        assert!(found[2].starts_with("lanes[2].metrics.val_loss: holds 1 values for 3 reports"));
    }

    #[test]
    fn a_file_of_version_1_is_read_as_one_without_times() {
        let mut old = run();
        old["version"] = json!(1);
        old.as_object_mut().unwrap().remove("elapsed_s");
        assert_eq!(RunFile::from_value(old).unwrap().elapsed_s, [None; 3]);
    }

    #[test]
    fn times_are_as_many_as_reports_and_never_fall() {
        let refused = |times: Value| {
            let mut wrong = run();
            wrong["elapsed_s"] = times;
            problems(wrong)
        };
        assert_eq!(refused(json!([0.0, 1.5])), ["elapsed_s: holds 2 values for 3 reports"]);
        assert_eq!(refused(json!([2.0, null, 1.5])), ["elapsed_s: must start at 0 or later and never fall"]);
        let mut right = run();
        right["elapsed_s"] = json!([null, 1.5, 1.5]);
        assert_eq!(RunFile::from_value(right).unwrap().elapsed_s, [None, Some(1.5), Some(1.5)]);
    }

    #[test]
    fn foreign_newer_and_damaged_files_are_refused_in_words() {
        assert!(problems(json!({"format": "zip"}))[0].contains("no run file"));
        assert!(problems(json!([1, 2]))[0].contains("no run file"));
        let mut newer = run();
        newer["version"] = json!(VERSION + 1);
        assert!(problems(newer)[0].contains("update it"));
        let mut surprising = run();
        surprising["script"] = json!("alert(1)");
        assert!(problems(surprising)[0].contains("unknown field `script`"));
        let mut text = run();
        text["lanes"][0]["metrics"]["val_loss"][1] = json!("1");
        assert!(problems(text)[0].contains("invalid type: string"));
        let half = run().to_string();
        let cut = RunFile::from_json(&half[..half.len() / 2]).unwrap_err();
        assert!(cut[0].reason.contains("not valid JSON"));
    }

    #[test]
    fn the_document_in_a_run_file_is_checked_like_any_other() {
        let mut wrong = run();
        wrong["document"]["model"]["layers"] = json!(200);
        assert!(problems(wrong)[0].starts_with("document.model.layers: must lie between"));
        let mut fewer = run();
        fewer["document"]["lanes"].as_array_mut().unwrap().pop();
        assert!(problems(fewer).iter().any(|problem| problem.starts_with("lanes: holds 4 lanes")));
    }
}
