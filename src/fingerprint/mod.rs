//! What tells one run's results from another's: small enough for a link, and exact.
//!
//! A [`Fingerprint`] holds, per lane, a hash of the final weights' bits, a hash of every reported value of the
//! compared metrics, and some of those values in the clear, so that two runs that differ can say where they part.
//! The format is documented in `docs/FORMATS.md`. It detects accidents, not forgery.

mod compare;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

pub use compare::{Comparison, Deviation, Difference, TOLERANCES, Tolerance, Verdict};

/// Version of the format; another one cannot be compared.
pub const VERSION: u32 = 1;
/// At most this many reports are held in the clear; beyond that, evenly spaced ones and the last.
pub const MAX_WAYPOINTS: usize = 32;

/// The results of a finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fingerprint {
    /// Version of this format.
    pub version: u32,
    /// Version of nmflow that made the run.
    pub nmflow: String,
    /// Where it ran: `CPU`, or the adapter in words.
    pub device: String,
    /// Steps of the reports in `values`, ascending.
    pub steps: Vec<u32>,
    /// One entry per lane.
    pub lanes: Vec<LaneFingerprint>,
}

/// The results of one lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LaneFingerprint {
    /// Hash of the final weights, 16 hexadecimal digits.
    pub weights: String,
    /// Hash of the compared metrics at every report, 16 hexadecimal digits.
    pub metrics: String,
    /// The compared metrics at `steps`, rounded to the precision of `f32`; null where nothing was measured.
    #[cfg_attr(test, ts(type = "Record<string, Array<number | null>>"))]
    pub values: BTreeMap<String, Vec<Option<f64>>>,
}

impl LaneFingerprint {
    /// Of a lane whose final weights hash to `weights`, that reported at `steps`. `value(key, report)` is the
    /// metric with this key at a report, counted from 0; NaN where nothing was measured.
    pub fn new(weights: u64, steps: &[u32], value: impl Fn(&str, usize) -> f64) -> Self {
        let mut hash = Hash::default();
        for (report, step) in steps.iter().enumerate() {
            hash.write(&step.to_le_bytes());
            for tolerance in &TOLERANCES {
                let value = value(tolerance.metric, report);
                // There are many NaNs; "not measured" is one of them.
                hash.write(&if value.is_nan() { f64::NAN } else { value }.to_bits().to_le_bytes());
            }
        }
        let kept = waypoints(steps.len());
        let values = |metric: &str| {
            let at = |report: &usize| Some(value(metric, *report)).filter(|value| value.is_finite()).map(rounded);
            (metric.to_owned(), kept.iter().map(at).collect())
        };
        Self {
            weights: format!("{weights:016x}"),
            metrics: format!("{:016x}", hash.0),
            values: TOLERANCES.iter().map(|tolerance| values(tolerance.metric)).collect(),
        }
    }
}

impl Fingerprint {
    /// Of lanes that reported at `steps`.
    pub fn new(device: &str, steps: &[u32], lanes: Vec<LaneFingerprint>) -> Self {
        Self {
            version: VERSION,
            nmflow: env!("CARGO_PKG_VERSION").to_owned(),
            device: device.to_owned(),
            steps: waypoints(steps.len()).iter().map(|report| steps[*report]).collect(),
            lanes,
        }
    }
}

/// The number with the fewest digits that is the same `f32`: short in a link, and the same text whoever writes it.
fn rounded(value: f64) -> f64 {
    (value as f32).to_string().parse().expect("a number's own digits")
}

/// Which of `reports` reports are held in the clear, counted from 0.
fn waypoints(reports: usize) -> Vec<usize> {
    let stride = reports.div_ceil(MAX_WAYPOINTS).max(1);
    // Counted from the end, so that the last is always among them.
    let mut kept: Vec<usize> = (0..reports).rev().step_by(stride).collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waypoints_are_few_even_and_end_at_the_last() {
        assert_eq!(waypoints(0), [0; 0]);
        assert_eq!(waypoints(3), [0, 1, 2]);
        assert_eq!(waypoints(60), (1..60).step_by(2).collect::<Vec<_>>());
        for reports in 1..500 {
            let kept = waypoints(reports);
            assert!(kept.len() <= MAX_WAYPOINTS && kept.last() == Some(&(reports - 1)), "{reports}");
        }
    }

    #[test]
    fn the_metrics_hash_sees_every_bit_of_every_report() {
        let steps = [5, 10];
        let of = |value: &dyn Fn(&str, usize) -> f64| LaneFingerprint::new(1, &steps, value);
        let base = of(&|_, _| 1.5);
        assert_eq!(base, of(&|_, _| 1.5));
        let nudged = of(&|key, report| if key == "val_loss" && report == 0 { 1.5 + f64::EPSILON } else { 1.5 });
        assert_ne!(base.metrics, nudged.metrics);
        // In the clear both round to the same.
        assert_eq!(base.values, nudged.values);
        let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
        assert_eq!(of(&|_, _| f64::NAN), of(&|_, _| other_nan));
    }
}
