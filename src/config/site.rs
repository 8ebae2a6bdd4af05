//! The kinds of matrix that can be sparse.

use super::{Axis, Location, ModelConfig};

/// A kind of sparse matrix; every block of the transformer has one of each.
///
/// Embeddings, norms, biases and the head are always dense and have no site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// First feed-forward matrix, `[d_model, d_ff]`.
    Ff1,
    /// Second feed-forward matrix, `[d_ff, d_model]`.
    Ff2,
    /// Query projection, `[d_model, d_model]`.
    Q,
    /// Key projection, `[d_model, d_model]`.
    K,
    /// Value projection, `[d_model, d_model]`.
    V,
    /// Attention output projection, `[d_model, d_model]`.
    O,
}

impl Site {
    /// Every site, in the order of [`index`](Self::index).
    pub const ALL: [Self; 6] = [Self::Ff1, Self::Ff2, Self::Q, Self::K, Self::V, Self::O];

    /// Position in per-site arrays.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Name for readers.
    pub fn label(self) -> &'static str {
        ["FF1", "FF2", "Q", "K", "V", "O"][self.index()]
    }

    /// Whether it is a feed-forward matrix.
    pub fn is_ff(self) -> bool {
        matches!(self, Self::Ff1 | Self::Ff2)
    }

    /// Its length along `axis`, which groups of M must divide.
    pub fn axis_length(self, axis: Axis, model: &ModelConfig) -> usize {
        match (self, axis) {
            (Self::Ff1, Axis::Out) | (Self::Ff2, Axis::In) => model.d_ff,
            _ => model.d_model,
        }
    }
}

impl From<Location> for Site {
    fn from(location: Location) -> Self {
        match location {
            Location::Q => Self::Q,
            Location::K => Self::K,
            Location::V => Self::V,
            Location::O => Self::O,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_run_along_the_axis_that_the_lane_names() {
        let model = ModelConfig { layers: 1, heads: 1, d_model: 32, d_ff: 96, patch: 4, window: None };
        let lengths = |axis| Site::ALL.map(|site| site.axis_length(axis, &model));
        assert_eq!(lengths(Axis::In), [32, 96, 32, 32, 32, 32]);
        assert_eq!(lengths(Axis::Out), [96, 32, 32, 32, 32, 32]);
        assert_eq!(Site::ALL.map(Site::index), [0, 1, 2, 3, 4, 5]);
    }
}
