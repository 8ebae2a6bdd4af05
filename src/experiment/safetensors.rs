//! A lane's weights in the safetensors format: a length, a JSON header, raw little-endian numbers.
//!
//! The format is that of <https://github.com/huggingface/safetensors>; its reader needs nothing of nmflow.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::weights::{LaneTensor, LaneWeights};
use crate::kernels::SegmentKind;

/// The header's length is a multiple of this, so that the numbers behind it are aligned.
const ALIGNMENT: usize = 8;

/// Every tensor of a lane as `F32`, and for every matrix that can be pruned its mask `F` as `U8`, named after it
/// with `.mask` at the end. A bias of one row and a norm have one axis, all others `[in, out]`.
///
/// `masks` `[parameters]` holds the lane's masks; `metadata` goes into the header as it is.
pub fn safetensors(weights: &LaneWeights<'_>, masks: &[f32], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!(metadata));
    let mut data = Vec::new();
    for tensor in &weights.tensors {
        let start = data.len();
        data.extend(weights.values(tensor).flat_map(f32::to_le_bytes));
        header.insert(tensor.name.clone(), entry(tensor, "F32", start, data.len()));
    }
    // Bytes come last, so that every float stays aligned.
    for tensor in weights.tensors.iter().filter(|tensor| tensor.kind != SegmentKind::Dense) {
        let start = data.len();
        data.extend(tensor.values(masks).map(|kept| u8::from(kept != 0.0)));
        let name = tensor.name.replace(".weight", ".mask");
        header.insert(name, entry(tensor, "U8", start, data.len()));
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}

fn entry(tensor: &LaneTensor, dtype: &str, start: usize, end: usize) -> Value {
    let [rows, cols] = tensor.shape;
    let shape = if rows == 1 { vec![cols] } else { vec![rows, cols] };
    json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, Form, PatchGrid, Transformer};

    /// Header and numbers, read as the format's description says.
    fn parse(file: &[u8]) -> (Value, &[u8]) {
        let (length, rest) = file.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        (serde_json::from_slice(header).unwrap(), data)
    }

    #[test]
    fn a_file_read_by_the_books_holds_every_weight_and_mask() {
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        let form = Form::Classifier { grid, classes: 10, window: None };
        let architecture = Architecture { form, layers: 1, heads: 2, d_model: 8, d_ff: 16 };
        let network = Transformer::new(architecture);
        let flat: Vec<f32> = (0..network.layout.len).map(|index| index as f32 / 3.0).collect();
        let masks: Vec<f32> = (0..flat.len()).map(|index| f32::from(u8::from(index % 4 == 0))).collect();
        let weights = LaneWeights::new(&network, &flat);
        let metadata = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
        let file = safetensors(&weights, &masks, &metadata);
        let (header, data) = parse(&file);
        assert_eq!(header["__metadata__"]["step"], "7");
        assert_eq!((file.len() - data.len()) % ALIGNMENT, 0);

        let mut covered = vec![false; data.len()];
        let mut bytes = |name: &str, dtype: &str, shape: Value| {
            let entry = &header[name];
            assert_eq!((entry["dtype"].as_str(), &entry["shape"]), (Some(dtype), &shape), "{name}");
            let [start, end] = [0, 1].map(|at| entry["data_offsets"][at].as_u64().unwrap() as usize);
            assert!(covered[start..end].iter().all(|byte| !byte), "{name} overlaps another");
            covered[start..end].fill(true);
            &data[start..end]
        };
        for tensor in &weights.tensors {
            let [rows, cols] = tensor.shape;
            let shape = if rows == 1 { json!([cols]) } else { json!([rows, cols]) };
            let floats: Vec<f32> = bytes(&tensor.name, "F32", shape.clone())
                .chunks_exact(4)
                .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
                .collect();
            assert_eq!(floats, tensor.values(&flat).collect::<Vec<_>>(), "{}", tensor.name);
            if tensor.kind != SegmentKind::Dense {
                let kept: Vec<f32> = bytes(&tensor.name.replace(".weight", ".mask"), "U8", shape)
                    .iter()
                    .map(|byte| f32::from(*byte))
                    .collect();
                assert_eq!(kept, tensor.values(&masks).collect::<Vec<_>>());
            }
        }
        assert!(covered.iter().all(|byte| *byte), "the format allows no gaps");
    }
}
