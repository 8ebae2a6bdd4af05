//! Whether two runs of an experiment gave the same results, and where they part first.

use serde::Serialize;

use super::{Fingerprint, VERSION};

/// How far a metric may be off on another device: `absolute + relative * |expected|`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tolerance {
    /// Key of the metric.
    pub metric: &'static str,
    /// In the metric's unit.
    pub absolute: f64,
    /// Share of the expected value.
    pub relative: f64,
}

/// The compared metrics. Another device adds in another order; training amplifies the last bit, most of all
/// where a mask flips. How the limits were measured stands in `docs/FORMATS.md`.
pub const TOLERANCES: [Tolerance; 6] = [
    Tolerance { metric: "train_loss", absolute: 0.02, relative: 0.02 },
    Tolerance { metric: "train_accuracy", absolute: 0.05, relative: 0.0 },
    Tolerance { metric: "val_loss", absolute: 0.02, relative: 0.02 },
    Tolerance { metric: "val_accuracy", absolute: 0.05, relative: 0.0 },
    Tolerance { metric: "val_loss_hard", absolute: 0.02, relative: 0.02 },
    Tolerance { metric: "val_accuracy_hard", absolute: 0.05, relative: 0.0 },
];

/// The outcome of comparing two runs, or two lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Verdict {
    /// Every bit of the final weights and of the compared metrics agrees.
    Exact,
    /// Every compared value lies within its tolerance.
    Within,
    /// Some value lies beyond its tolerance.
    Differs,
    /// The fingerprints cannot be held against each other.
    Incomparable,
}

/// One value that two runs do not share.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Difference {
    /// Lane, counted from 0.
    pub lane: usize,
    /// Steps made.
    pub step: u32,
    /// Key of the metric.
    pub metric: &'static str,
    /// Value expected; null when nothing was measured.
    pub expected: Option<f64>,
    /// Value found; null when nothing was measured.
    pub found: Option<f64>,
}

/// The largest deviation of a metric over all lanes and waypoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Deviation {
    /// What is allowed.
    pub tolerance: Tolerance,
    /// What was found.
    pub largest: f64,
}

/// A run held against the one it should repeat.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Comparison {
    /// Of the worst lane.
    pub verdict: Verdict,
    /// Of each lane.
    pub lanes: Vec<Verdict>,
    /// Where the runs part first, at whatever size.
    pub first: Option<Difference>,
    /// Where a value first leaves its tolerance.
    pub beyond: Option<Difference>,
    /// Per metric.
    pub deviations: Vec<Deviation>,
    /// The whole in one sentence.
    pub summary: String,
}

impl Fingerprint {
    /// Holds `found` against `self`, the run that was shared.
    pub fn compare(&self, found: &Self) -> Comparison {
        if let Some(reason) = self.incomparable(found) {
            return Comparison {
                verdict: Verdict::Incomparable,
                lanes: Vec::new(),
                first: None,
                beyond: None,
                deviations: Vec::new(),
                summary: format!("cannot be compared: {reason}"),
            };
        }
        let mut first = None;
        let mut beyond: Vec<Option<Difference>> = vec![None; self.lanes.len()];
        let mut deviations = TOLERANCES.map(|tolerance| Deviation { tolerance, largest: 0.0 });
        for (at, step) in self.steps.iter().enumerate() {
            for (lane, (ours, theirs)) in found.lanes.iter().zip(&self.lanes).enumerate() {
                for deviation in &mut deviations {
                    let metric = deviation.tolerance.metric;
                    let (expected, found) = (theirs.values[metric][at], ours.values[metric][at]);
                    if expected == found {
                        continue;
                    }
                    let difference = || Difference { lane, step: *step, metric, expected, found };
                    first.get_or_insert_with(difference);
                    let (off, allowed) = size(expected, found, deviation.tolerance);
                    deviation.largest = deviation.largest.max(off);
                    if off > allowed {
                        beyond[lane].get_or_insert_with(difference);
                    }
                }
            }
        }
        let lanes: Vec<Verdict> = (0..self.lanes.len())
            .map(|lane| match (&beyond[lane], self.same_bits(found, lane)) {
                (_, true) => Verdict::Exact,
                (None, _) => Verdict::Within,
                (Some(_), _) => Verdict::Differs,
            })
            .collect();
        let verdict = lanes.iter().copied().max().unwrap_or(Verdict::Exact);
        let beyond = beyond.into_iter().flatten().min_by_key(|difference| difference.step);
        let mut comparison =
            Comparison { verdict, lanes, first, beyond, deviations: deviations.to_vec(), summary: String::new() };
        comparison.summary = self.summary(found, &comparison);
        comparison
    }

    fn same_bits(&self, other: &Self, lane: usize) -> bool {
        let (ours, theirs) = (&self.lanes[lane], &other.lanes[lane]);
        ours.weights == theirs.weights && ours.metrics == theirs.metrics
    }

    fn incomparable(&self, found: &Self) -> Option<String> {
        let whole = |print: &Self| {
            let full = |metric: &Tolerance, values: &std::collections::BTreeMap<_, Vec<_>>| {
                values.get(metric.metric).is_some_and(|values| values.len() == print.steps.len())
            };
            print.lanes.iter().all(|lane| TOLERANCES.iter().all(|metric| full(metric, &lane.values)))
        };
        if self.version != VERSION || found.version != VERSION {
            let (theirs, ours) = (self.version, found.version);
            return Some(format!("its fingerprint has version {theirs}, this nmflow reads {VERSION} and made {ours}"));
        }
        if self.lanes.len() != found.lanes.len() || self.steps != found.steps {
            return Some("the runs have other lanes or reported at other steps".to_owned());
        }
        (!whole(self) || !whole(found)).then(|| "a fingerprint is incomplete".to_owned())
    }

    fn summary(&self, found: &Self, comparison: &Comparison) -> String {
        let devices = if self.device == found.device {
            format!("both ran on {}", self.device)
        } else {
            format!("it ran on {}, here on {}", self.device, found.device)
        };
        let place = |at: &Difference| {
            let value = |value: Option<f64>| value.map_or("nothing".to_owned(), |value| value.to_string());
            let (expected, found) = (value(at.expected), value(at.found));
            format!("step {}, lane {}, {}: {expected} expected, {found} found", at.step, at.lane + 1, at.metric)
        };
        match (comparison.verdict, &comparison.beyond, &comparison.first) {
            (Verdict::Exact, ..) => format!("reproduced bit for bit ({devices})"),
            (Verdict::Differs, Some(beyond), _) => format!("differs first at {} ({devices})", place(beyond)),
            (_, _, Some(first)) => format!("reproduced within tolerance; first off at {} ({devices})", place(first)),
            _ => format!("reproduced within tolerance: equal to seven digits, not to the bit ({devices})"),
        }
    }
}

/// How far two values are apart, and how far they may be. A value that only one run measured is infinitely off.
fn size(expected: Option<f64>, found: Option<f64>, tolerance: Tolerance) -> (f64, f64) {
    match (expected, found) {
        (Some(expected), Some(found)) => {
            ((expected - found).abs(), tolerance.absolute + tolerance.relative * expected.abs())
        }
        _ => (f64::INFINITY, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::LaneFingerprint;
    use super::*;

    fn print(device: &str, weights: u64, value: impl Fn(&str, usize) -> f64) -> Fingerprint {
        let steps = [10, 20, 30];
        let lane = |weights| LaneFingerprint::new(weights, &steps, &value);
        Fingerprint::new(device, &steps, vec![lane(7), lane(weights)])
    }

    #[test]
    fn equal_runs_are_exact() {
        let comparison = print("CPU", 8, |_, _| 1.0).compare(&print("CPU", 8, |_, _| 1.0));
        assert_eq!(comparison.verdict, Verdict::Exact);
        assert!(comparison.summary.starts_with("reproduced bit for bit"), "{}", comparison.summary);
    }

    #[test]
    fn other_final_weights_alone_are_seen() {
        let comparison = print("CPU", 8, |_, _| 1.0).compare(&print("CPU", 9, |_, _| 1.0));
        assert_eq!(comparison.lanes, [Verdict::Exact, Verdict::Within]);
    }

    #[test]
    fn a_small_deviation_is_within_tolerance_and_is_measured() {
        let near = print("GPU", 9, |key, report| if key == "val_loss" && report == 1 { 1.01 } else { 1.0 });
        let comparison = print("CPU", 8, |_, _| 1.0).compare(&near);
        assert_eq!(comparison.verdict, Verdict::Within);
        let first = comparison.first.unwrap();
        assert_eq!((first.step, first.metric, first.lane), (20, "val_loss", 0));
        let off = comparison.deviations.iter().find(|deviation| deviation.tolerance.metric == "val_loss").unwrap();
        assert!((off.largest - 0.01).abs() < 1e-6);
        assert!(comparison.summary.contains("it ran on CPU, here on GPU"), "{}", comparison.summary);
    }

    #[test]
    fn a_large_deviation_names_its_step_and_metric() {
        let far = print("CPU", 9, |key, report| if key == "val_accuracy" && report == 2 { 0.5 } else { 1.0 });
        let comparison = print("CPU", 8, |_, _| 1.0).compare(&far);
        assert_eq!(comparison.verdict, Verdict::Differs);
        let expected = "differs first at step 30, lane 1, val_accuracy: 1 expected, 0.5 found (both ran on CPU)";
        assert_eq!(comparison.summary, expected);
    }

    #[test]
    fn a_value_that_only_one_run_measured_is_a_difference() {
        let gap = print("CPU", 8, |_, report| if report == 0 { f64::NAN } else { 1.0 });
        assert_eq!(print("CPU", 8, |_, _| 1.0).compare(&gap).verdict, Verdict::Differs);
    }

    #[test]
    fn what_does_not_match_is_not_compared() {
        let base = print("CPU", 8, |_, _| 1.0);
        let newer = Fingerprint { version: VERSION + 1, ..base.clone() };
        let fewer = Fingerprint { lanes: base.lanes[..1].to_vec(), ..base.clone() };
        let mut holed = base.clone();
        holed.lanes[1].values.remove("val_loss");
        let mut short = base.clone();
        short.lanes[0].values.get_mut("val_loss").unwrap().pop();
        for other in [newer, fewer, holed, short] {
            assert_eq!(base.compare(&other).verdict, Verdict::Incomparable);
            assert_eq!(other.compare(&base).verdict, Verdict::Incomparable);
        }
    }
}
