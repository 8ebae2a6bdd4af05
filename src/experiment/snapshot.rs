//! A run's state as bytes: enough to continue as if it had never stopped.

use serde::{Deserialize, Serialize};

use crate::error::LabError;

const MAGIC: &[u8; 8] = b"nmflow\x00\x02";

/// State of a run after `step` steps. All numbers are of all lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Steps made.
    pub step: u32,
    /// The experiment document that made them, as JSON.
    pub document: String,
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
}

#[derive(Serialize, Deserialize)]
struct Header {
    step: u32,
    document: String,
    lengths: [usize; 7],
}

impl Snapshot {
    fn parts(&self) -> [&Vec<f32>; 7] {
        let Self { params, moments, mask, measured_mask, first_mask, ever_kept, unreported, .. } = self;
        [params, moments, mask, measured_mask, first_mask, ever_kept, unreported]
    }

    /// Magic, header length, header (JSON), then the numbers as little-endian floats.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = Header { step: self.step, document: self.document.clone(), lengths: self.parts().map(Vec::len) };
        let header = serde_json::to_vec(&header).expect("a header of strings and integers is valid JSON");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(u32::try_from(header.len()).expect("a document is small").to_le_bytes());
        bytes.extend(header);
        for part in self.parts() {
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// Reads [`to_bytes`](Self::to_bytes)' form.
    ///
    /// # Errors
    /// When the bytes are no snapshot, one of another version, or cut short.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LabError> {
        let damaged = |what: &str| LabError::Snapshot(format!("{what}; start the run again from its link"));
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("the file is no snapshot of this version"))?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("the file is cut short"))?;
        let length = u32::from_le_bytes(*length) as usize;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(|| damaged("the file is cut short"))?;
        let header: Header = serde_json::from_slice(header).map_err(|_| damaged("the header is damaged"))?;
        let mut parts = header.lengths.map(|_| Vec::new());
        for (part, length) in parts.iter_mut().zip(header.lengths) {
            let size = length.checked_mul(4).ok_or_else(|| damaged("the header is damaged"))?;
            let (own, after) = rest.split_at_checked(size).ok_or_else(|| damaged("the file is cut short"))?;
            let word = |word: &[u8]| f32::from_le_bytes(word.try_into().expect("chunks of four"));
            *part = own.chunks_exact(4).map(word).collect();
            rest = after;
        }
        if !rest.is_empty() {
            return Err(damaged("the file is longer than its header says"));
        }
        let [params, moments, mask, measured_mask, first_mask, ever_kept, unreported] = parts;
        let Header { step, document, .. } = header;
        Ok(Self { step, document, params, moments, mask, measured_mask, first_mask, ever_kept, unreported })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_survive_the_round_trip_and_notice_damage() {
        let snapshot = Snapshot {
            step: 7,
            document: "{}".into(),
            params: vec![1.0, -2.5],
            moments: vec![0.0; 4],
            mask: vec![1.0, 0.0],
            measured_mask: vec![1.0, 1.0],
            first_mask: vec![0.0, 1.0],
            ever_kept: vec![1.0, 1.0],
            unreported: vec![],
        };
        let bytes = snapshot.to_bytes();
        assert_eq!(Snapshot::from_bytes(&bytes), Ok(snapshot));
        for cut in [0, 5, 11, 20, bytes.len() - 1] {
            assert!(matches!(Snapshot::from_bytes(&bytes[..cut]), Err(LabError::Snapshot(_))), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Snapshot::from_bytes(&longer).is_err());
    }
}
