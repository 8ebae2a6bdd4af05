//! A run's state as bytes: enough to continue as if it had never stopped.
//!
//! ```text
//! "nmflow", 0, version | header length, u32 | header, JSON | floats, f32 | masks, bits | record, f64
//! ```
//!
//! All numbers are little-endian. The snapshots of several workers of one run, one behind the other, are a snapshot of
//! all their lanes. Nobody but this file needs to know more than [`Snapshot::to_bytes`] and [`Snapshot::from_bytes`].

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::config::MAX_LANES;
use crate::error::LabError;

/// The last byte is the version.
const MAGIC: &[u8; 8] = b"nmflow\x00\x03";

/// State of a run after `step` steps: of all its lanes, or of those that one worker trains.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Steps made.
    pub step: u32,
    /// The experiment document that made them, as JSON.
    pub document: String,
    /// The lanes it holds, by their place in the experiment, ascending. All numbers below are of these.
    pub lanes: Vec<usize>,
    /// Parameters, `[lanes, parameters]`.
    pub params: Vec<f32>,
    /// AdamW's moments, `[lanes, 2 * parameters]`.
    pub moments: Vec<f32>,
    /// Mask of the last step, `[lanes, parameters]`.
    pub mask: Vec<f32>,
    /// Mask of the last measurement, `[lanes, parameters]`.
    pub measured_mask: Vec<f32>,
    /// First mask of every lane, `[lanes, parameters]`; 0 before it prunes.
    pub first_mask: Vec<f32>,
    /// 1 where a reported mask kept the weight, `[lanes, parameters]`.
    pub ever_kept: Vec<f32>,
    /// (loss, right answers) of every lane and step since the last report.
    pub unreported: Vec<f32>,
    /// Every report so far.
    pub record: Record,
}

#[derive(Serialize, Deserialize)]
struct Header {
    step: u32,
    document: String,
    /// Floats in `params`, `moments`, `unreported`.
    floats: [usize; 3],
    /// Weights in each of the four masks.
    masks: usize,
    keys: Vec<String>,
    steps: Vec<u32>,
    lanes: Vec<usize>,
}

impl Header {
    /// Whether it speaks of lanes that there can be, and of as many numbers for each of them.
    fn is_consistent(&self) -> bool {
        let lanes = self.lanes.len();
        let [params, moments, unreported] = self.floats;
        let ascending = self.lanes.windows(2).all(|pair| pair[0] < pair[1]);
        ascending
            && self.lanes.last().is_some_and(|last| *last < MAX_LANES)
            && [params, moments, self.masks].iter().all(|count| count % lanes == 0)
            && unreported % (2 * lanes) == 0
    }
}

impl Snapshot {
    fn header(&self) -> Header {
        Header {
            step: self.step,
            document: self.document.clone(),
            floats: [&self.params, &self.moments, &self.unreported].map(Vec::len),
            masks: self.mask.len(),
            keys: self.record.keys.clone(),
            steps: self.record.steps.clone(),
            lanes: self.lanes.clone(),
        }
    }

    /// The form that [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.header()).expect("a header of strings and integers is valid JSON");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(u32::try_from(header.len()).expect("a document is small").to_le_bytes());
        bytes.extend(header);
        for part in [&self.params, &self.moments, &self.unreported] {
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
        }
        for mask in [&self.mask, &self.measured_mask, &self.first_mask, &self.ever_kept] {
            bytes.extend(mask.chunks(8).map(pack));
        }
        bytes.extend(self.record.lanes.iter().flatten().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// Reads [`to_bytes`](Self::to_bytes)' form, or that of the parts of one run, one behind the other.
    ///
    /// # Errors
    /// When the bytes are no snapshot, one of another version, cut short, or parts that do not fit together.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, LabError> {
        let mut parts = vec![Self::part(&mut bytes)?];
        while !bytes.is_empty() {
            parts.push(Self::part(&mut bytes)?);
        }
        Self::merged(parts)
    }

    /// Takes the first snapshot off `rest`.
    fn part(rest: &mut &[u8]) -> Result<Self, LabError> {
        *rest = rest.strip_prefix(MAGIC).ok_or_else(|| damaged("the file is no snapshot of this version"))?;
        let length = take(rest, 4)?.try_into().expect("four bytes were asked for");
        let header = take(rest, u32::from_le_bytes(length) as usize)?;
        let header: Header = serde_json::from_slice(header).map_err(|_| damaged("the header is damaged"))?;
        if !header.is_consistent() {
            return Err(damaged("the header is damaged"));
        }
        let mut floats = |count: usize| -> Result<Vec<f32>, LabError> {
            let bytes = take(rest, size(count, 4)?)?.chunks_exact(4);
            Ok(bytes.map(|word| f32::from_le_bytes(word.try_into().expect("chunks of four"))).collect())
        };
        let [params, moments, unreported] = header.floats;
        let (params, moments, unreported) = (floats(params)?, floats(moments)?, floats(unreported)?);
        let mut mask = || -> Result<Vec<f32>, LabError> {
            let mut bits: Vec<f32> =
                take(rest, header.masks.div_ceil(8))?.iter().flat_map(|byte| unpack(*byte)).collect();
            bits.truncate(header.masks);
            Ok(bits)
        };
        let [mask, measured_mask, first_mask, ever_kept] = [mask()?, mask()?, mask()?, mask()?];
        let per_lane = size(header.steps.len(), header.keys.len())?;
        let mut lane = || -> Result<Vec<f64>, LabError> {
            let bytes = take(rest, size(per_lane, 8)?)?.chunks_exact(8);
            Ok(bytes.map(|word| f64::from_le_bytes(word.try_into().expect("chunks of eight"))).collect())
        };
        let reported = header.lanes.iter().map(|_| lane()).collect::<Result<Vec<_>, _>>()?;
        let record = Record { keys: header.keys, steps: header.steps, lanes: reported };
        if !record.is_whole() {
            return Err(damaged("the header is damaged"));
        }
        let Header { step, document, lanes, .. } = header;
        Ok(Self {
            step,
            document,
            lanes,
            params,
            moments,
            mask,
            measured_mask,
            first_mask,
            ever_kept,
            unreported,
            record,
        })
    }
}

fn damaged(what: &str) -> LabError {
    LabError::Snapshot(format!("{what}; start the run again from its link"))
}

fn size(count: usize, each: usize) -> Result<usize, LabError> {
    count.checked_mul(each).ok_or_else(|| damaged("the header is damaged"))
}

/// The next `count` bytes of `rest`.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], LabError> {
    let (taken, after) = rest.split_at_checked(count).ok_or_else(|| damaged("the file is cut short"))?;
    *rest = after;
    Ok(taken)
}

/// Up to eight mask values, each 0 or 1, as bits; the first is the lowest.
fn pack(mask: &[f32]) -> u8 {
    mask.iter().enumerate().fold(0, |byte, (bit, value)| byte | (u8::from(*value != 0.0) << bit))
}

fn unpack(byte: u8) -> [f32; 8] {
    std::array::from_fn(|bit| f32::from(byte >> bit & 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_survive_the_round_trip_and_notice_damage() {
        let keys = vec!["train_loss".to_owned()];
        let snapshot = Snapshot {
            step: 7,
            document: "{}".into(),
            lanes: vec![0, 3],
            params: vec![1.0, -2.5],
            moments: vec![0.0; 4],
            mask: vec![1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
            measured_mask: vec![1.0; 10],
            first_mask: vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
            ever_kept: vec![0.0; 10],
            unreported: vec![],
            record: Record { keys, steps: vec![0, 5], lanes: vec![vec![2.5, 1.25], vec![0.1, -0.2]] },
        };
        let bytes = snapshot.to_bytes();
        assert_eq!(Snapshot::from_bytes(&bytes), Ok(snapshot));
        for cut in 0..bytes.len() {
            assert!(matches!(Snapshot::from_bytes(&bytes[..cut]), Err(LabError::Snapshot(_))), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Snapshot::from_bytes(&longer).is_err());
    }
}
