//! Everything a run has reported: what curves, files and the fingerprint are made of.

use super::run::Report;
use crate::metrics;

/// The metrics of every lane at every report, ascending in steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Key of each column.
    pub keys: Vec<String>,
    /// Steps made at each report.
    pub steps: Vec<u32>,
    /// Per lane `[reports, keys]`, NaN where nothing was measured.
    pub lanes: Vec<Vec<f64>>,
}

impl Record {
    /// Nothing reported yet.
    pub fn new(lanes: usize) -> Self {
        let keys = metrics::columns().into_iter().map(|column| column.key).collect();
        Self { keys, steps: Vec::new(), lanes: vec![Vec::new(); lanes] }
    }

    /// Adds a report; a second one of the same step replaces the first.
    pub fn push(&mut self, report: &Report) {
        if self.steps.last() == Some(&report.step) {
            self.steps.pop();
            for lane in &mut self.lanes {
                lane.truncate(lane.len() - self.keys.len());
            }
        }
        self.steps.push(report.step);
        for (lane, metrics) in self.lanes.iter_mut().zip(&report.lanes) {
            lane.extend(metrics::row(metrics));
        }
    }

    /// Whether the numbers are as many as steps and keys ask for.
    pub fn is_whole(&self) -> bool {
        let ascending = self.steps.windows(2).all(|pair| pair[0] < pair[1]);
        ascending && self.lanes.iter().all(|lane| lane.len() == self.steps.len() * self.keys.len())
    }

    /// The same numbers in the columns of this version: columns it does not know are dropped, new ones were not
    /// measured.
    pub fn in_current_columns(self) -> Self {
        let Self { keys, .. } = Self::new(0);
        if keys == self.keys {
            return self;
        }
        let sources: Vec<Option<usize>> = keys.iter().map(|key| self.keys.iter().position(|k| k == key)).collect();
        let convert = |lane: &Vec<f64>| {
            let rows = lane.chunks_exact(self.keys.len());
            rows.flat_map(|row| sources.iter().map(|source| source.map_or(f64::NAN, |at| row[at]))).collect()
        };
        Self { lanes: self.lanes.iter().map(convert).collect(), steps: self.steps, keys }
    }

    /// The metric `key` of a lane at a report, counted from 0; NaN where nothing was measured.
    pub fn value(&self, lane: usize, key: &str, report: usize) -> f64 {
        let column = self.keys.iter().position(|k| k == key);
        column.map_or(f64::NAN, |column| self.lanes[lane][report * self.keys.len() + column])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_older_columns_keeps_what_is_still_known() {
        let keys = ["gone", "val_loss"].map(str::to_owned).to_vec();
        let old = Record { keys, steps: vec![0, 5], lanes: vec![vec![1.0, 2.0, 3.0, 4.0]] };
        let new = old.in_current_columns();
        assert!(new.is_whole());
        assert_eq!([new.value(0, "val_loss", 0), new.value(0, "val_loss", 1)], [2.0, 4.0]);
        assert!(new.value(0, "train_loss", 0).is_nan() && new.value(0, "gone", 0).is_nan());
    }
}
