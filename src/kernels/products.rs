//! The choices that a device's probe makes about products: questions of speed, not of results.

use serde::{Deserialize, Serialize};

/// How the dense product of an affine map is cut up on a GPU. The sums are the same; which is fastest depends on the
/// device, so its probe decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Tile {
    /// Four features x 16 rows per thread, in registers.
    #[default]
    Narrow,
    /// Eight features x 16 rows per thread, in registers; four where the features are no multiple of eight.
    Wide,
    /// Sixteen features x 16 rows per thread, in registers; fewer where the features are no multiple of 16. More than
    /// the registers of hardware hold, but software adapters pay for every number that they load.
    Broad,
    /// Forward, 32 features x 128 rows per workgroup, in its memory, where all lanes are dense; narrow elsewhere.
    Shared,
}

impl Tile {
    /// All tiles.
    pub const ALL: [Self; 4] = [Self::Narrow, Self::Wide, Self::Broad, Self::Shared];

    /// Vectors of four features in a tile of registers, at most.
    pub const fn vectors(self) -> usize {
        match self {
            Self::Narrow | Self::Shared => 1,
            Self::Wide => 2,
            Self::Broad => 4,
        }
    }

    /// Vectors of four rows that a thread of attention owns, at most.
    pub const fn attention_vectors(self) -> usize {
        match self {
            Self::Narrow | Self::Wide | Self::Shared => 1,
            Self::Broad => 4,
        }
    }
}

/// How a device multiplies fastest, as its probe found: a question of speed, not of results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Products {
    /// Density up to which weights are read packed, 0 where dense products are always faster.
    pub packed_density: f64,
    /// How dense products are cut up.
    pub tile: Tile,
}

impl Default for Products {
    /// Where nothing was measured.
    fn default() -> Self {
        Self { packed_density: 0.25, tile: Tile::default() }
    }
}
