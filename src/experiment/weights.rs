//! A lane's weights as named tensors of their true shapes, without the padding that the kernels need.

use std::ops::Range;

use crate::hash::Hash;
use crate::kernels::SegmentKind;
use crate::model::{NamedTensor, Transformer};

/// One named tensor inside the flat numbers of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneTensor {
    /// As in the model's layout, e.g. `blocks.0.ff1.weight`.
    pub name: String,
    /// Rows and columns: input and output features of a matrix; a bias or norm has one row.
    pub shape: [usize; 2],
    /// The site whose mask it has, if it can be pruned.
    pub kind: SegmentKind,
    offset: usize,
    stride: usize,
}

impl LaneTensor {
    /// The true shape of a tensor of the layout.
    pub(super) fn new(network: &Transformer, NamedTensor { name, segment }: &NamedTensor) -> Self {
        let architecture = &network.architecture;
        // Only the ends of the network are padded: patches and vocabularies to whole vectors, class scores likewise.
        let stacks = architecture.stacks();
        let embedded = stacks.iter().find(|stack| name.strip_prefix(stack.prefix) == Some("embed.weight"));
        let rows = embedded.map_or(segment.rows, |stack| stack.entrance.features());
        let cols = if name.starts_with("head.") { architecture.classes() } else { segment.cols };
        let (offset, stride) = (segment.offset, segment.stride);
        Self { name: name.clone(), shape: [rows, cols], kind: segment.kind, offset, stride }
    }

    /// Its numbers, row by row, from flat numbers of a lane `[parameters]`.
    pub fn values<'a>(&self, flat: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.values_of(&flat[self.range()])
    }

    /// Where its first to its last number lie among the numbers of a lane; other tensors may lie in between.
    pub(super) fn range(&self) -> Range<usize> {
        let [rows, cols] = self.shape;
        self.offset..self.offset + (rows - 1) * self.stride + cols
    }

    /// Its numbers, row by row, from those in its [`range`](Self::range).
    pub(super) fn values_of<'a>(&self, part: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let ([rows, cols], stride) = (self.shape, self.stride);
        (0..rows).flat_map(move |row| part[row * stride..][..cols].iter().copied())
    }
}

/// All weights of one lane.
pub struct LaneWeights<'a> {
    /// Every tensor, in the order of the layout.
    pub tensors: Vec<LaneTensor>,
    params: &'a [f32],
}

impl<'a> LaneWeights<'a> {
    /// Names the parts of `params` `[parameters]`.
    pub fn new(network: &Transformer, params: &'a [f32]) -> Self {
        Self { tensors: network.layout.tensors.iter().map(|t| LaneTensor::new(network, t)).collect(), params }
    }

    /// The numbers of one of `tensors`, row by row.
    pub fn values(&self, tensor: &LaneTensor) -> impl Iterator<Item = f32> + 'a {
        tensor.values(self.params)
    }

    /// Hash of every name, shape and bit: FNV-1a over the name, rows and columns as little-endian `u32`, then the
    /// numbers as little-endian `f32`, tensor after tensor.
    pub fn hash(&self) -> u64 {
        let mut hash = Hash::default();
        for tensor in &self.tensors {
            hash.write(tensor.name.as_bytes());
            for size in tensor.shape {
                hash.write(&u32::try_from(size).expect("tensors are small").to_le_bytes());
            }
            for value in tensor.values(self.params) {
                hash.write(&value.to_le_bytes());
            }
        }
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, Form, PatchGrid};

    #[test]
    fn tensors_hold_every_parameter_once_and_no_padding() {
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        let form = Form::Classifier { grid, classes: 10, window: None };
        let architecture = Architecture { form, layers: 2, heads: 2, d_model: 8, d_ff: 16 };
        let network = Transformer::new(architecture);
        let flat: Vec<f32> = (0..network.layout.len).map(|index| index as f32).collect();
        let weights = LaneWeights::new(&network, &flat);
        let mut seen: Vec<f32> = weights.tensors.iter().flat_map(|tensor| tensor.values(&flat)).collect();
        assert_eq!(seen.len(), network.architecture.parameters());
        seen.sort_by(f32::total_cmp);
        seen.dedup();
        assert_eq!(seen.len(), network.architecture.parameters());
        let shape = |name: &str| weights.tensors.iter().find(|tensor| tensor.name == name).unwrap().shape;
        assert_eq!((shape("embed.weight"), shape("embed.bias")), ([9, 8], [4, 8]));
        assert_eq!((shape("head.weight"), shape("head.bias")), ([8, 10], [1, 10]));
        assert_eq!((shape("blocks.1.q.weight"), shape("norm.scale")), ([8, 8], [1, 8]));
    }

    #[test]
    fn the_hash_sees_weights_and_ignores_padding() {
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        let form = Form::Classifier { grid, classes: 10, window: None };
        let architecture = Architecture { form, layers: 1, heads: 2, d_model: 8, d_ff: 16 };
        let network = Transformer::new(architecture);
        let hash = |flat: &[f32]| LaneWeights::new(&network, flat).hash();
        let mut flat = vec![0.5; network.layout.len];
        let base = hash(&flat);
        // The tenth row of the patch embedding multiplies a zero that fills the vector.
        flat[9 * 8] = 1.0;
        assert_eq!(hash(&flat), base);
        flat[8 * 8] = f32::from_bits(0.5f32.to_bits() + 1);
        assert_ne!(hash(&flat), base);
    }
}
