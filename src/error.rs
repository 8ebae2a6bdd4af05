//! What can go wrong, in words that tell the reader what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault of an experiment document.
///
/// Words of the document stand in backticks in the reason: keys of fields such as `` `d_model` ``, and `` `null` ``. The
/// page puts the labels of its form in their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Problem {
    /// Path of the faulty field, such as `lanes[2].ff.m`; `document` when the whole text is at fault.
    pub field: String,
    /// What is wrong with it and how to put it right.
    pub reason: String,
}

impl Problem {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Every error the lab reports to its user.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LabError {
    /// The experiment document asks for something impossible; every fault is listed.
    #[error("the experiment cannot run as written:\n{}", lines(.0))]
    Config(Vec<Problem>),
    /// A shared link could not be read.
    #[error("this link holds no experiment: {0}")]
    Link(String),
    /// A data file is not what the task needs.
    #[error("{file}: {reason}")]
    Data {
        /// Name of the file as the user gave it.
        file: String,
        /// What is wrong with it and what is expected instead.
        reason: String,
    },
    /// The compute device could not be opened or was lost.
    #[error("the device failed: {0}")]
    Device(String),
    /// Training met a number it cannot go on with.
    #[error("training stopped at step {step} in lane \"{name}\": {reason}")]
    Training {
        /// Step, counted from 0, at which the fault was seen.
        step: u32,
        /// Lane, counted from 0.
        lane: usize,
        /// What legends call it.
        name: String,
        /// What was found and what to change.
        reason: String,
    },
    /// A run did not come out as the one it repeats.
    #[error("the run was not reproduced: {0}")]
    Replay(String),
    /// A saved state does not belong to this experiment or is damaged.
    #[error("the snapshot cannot be resumed: {0}")]
    Snapshot(String),
}

impl From<Vec<Problem>> for LabError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Config(problems)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_error_lists_every_problem_on_its_own_line() {
        let error =
            LabError::from(vec![Problem::new("lanes[2].ff.m", "must divide 64"), Problem::new("steps", "is missing")]);
        assert_eq!(
            error.to_string(),
            "the experiment cannot run as written:\n  lanes[2].ff.m: must divide 64\n  steps: is missing"
        );
    }
}
