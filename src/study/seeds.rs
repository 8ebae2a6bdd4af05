//! Lanes repeated over seeds.

use crate::config::{MAX_LANES, RawExperiment, RawLane, lane_names};

/// The document with every lane once per seed: first all lanes of the first seed, then of the next.
///
/// Equal seeds mean equal initial weights and batches, so lanes of one seed form a pair. `None` when that would make
/// more than [`MAX_LANES`] lanes.
pub fn over_seeds(document: &RawExperiment, seeds: &[u64]) -> Option<RawExperiment> {
    let names = lane_names(&document.lanes);
    let repeated = |seed: u64| {
        let named = document.lanes.iter().zip(&names);
        named.map(move |(lane, name)| RawLane { name: Some(format!("{name}, seed {seed}")), seed, ..lane.clone() })
    };
    let lanes: Vec<_> = seeds.iter().copied().flat_map(repeated).collect();
    (lanes.len() <= MAX_LANES).then(|| RawExperiment { lanes, ..document.clone() })
}

/// The document over all seeds, in as many parts as the number of lanes that can train together makes necessary.
pub fn parts_over_seeds(document: &RawExperiment, seeds: &[u64]) -> Vec<RawExperiment> {
    let chunks = seeds.chunks((MAX_LANES / document.lanes.len()).max(1));
    chunks.filter_map(|seeds| over_seeds(document, seeds)).collect()
}

/// A lane's name without the seed that [`over_seeds`] wrote behind it.
pub(super) fn name_without_seed(name: &str) -> &str {
    name.rsplit_once(", seed ").map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ExperimentConfig, Preset};

    #[test]
    fn lanes_are_repeated_seed_by_seed() {
        let document = Preset::find("default").unwrap().experiment().document().clone();
        let repeated = over_seeds(&document, &[3, 8]).unwrap();
        let names: Vec<_> = repeated.lanes.iter().map(|lane| (lane.name.clone().unwrap(), lane.seed)).collect();
        assert_eq!(names[1], ("SR-STE, seed 3".to_owned(), 3));
        assert_eq!(names[5], ("SR-STE, seed 8".to_owned(), 8));
        assert_eq!(name_without_seed(&names[5].0), "SR-STE");
        assert!(ExperimentConfig::try_from(repeated).is_ok());
        assert_eq!(over_seeds(&document, &[0; 9]), None);
        let seeds: Vec<u64> = (0..10).collect();
        let parts = parts_over_seeds(&document, &seeds);
        assert_eq!(parts.iter().map(|part| part.lanes.len()).collect::<Vec<_>>(), [32, 8]);
        assert_eq!(parts[1].lanes[0].seed, 8);
    }
}
