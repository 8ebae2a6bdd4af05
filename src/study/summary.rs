//! Lanes that differ in nothing but their seed, taken together.

use serde::Serialize;

use super::seeds::name_without_seed;
use crate::config::{RawLane, Recipe, lane_names};
use crate::statistics::{Interval, PairedDifference, Sample};

/// Lanes that differ only in seed and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneGroup {
    /// Name without the seed.
    pub name: String,
    /// Indices of the lanes.
    pub lanes: Vec<usize>,
}

/// One measured number over the seeds of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GroupSummary {
    /// Name without the seed.
    pub name: String,
    /// Indices of the lanes.
    pub lanes: Vec<usize>,
    /// Seeds.
    pub n: usize,
    /// Mean over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds; null below two.
    pub std: Option<f64>,
    /// Ends of the 95 % t interval of the mean; null below two.
    pub mean_interval: Option<[f64; 2]>,
    /// Name of the group that the difference is taken to; null for that group itself.
    pub baseline: Option<String>,
    /// Pairs: seeds that both groups have.
    pub pairs: usize,
    /// Mean paired difference to the baseline.
    pub difference: Option<f64>,
    /// Ends of the 95 % t interval of the mean difference; null below two pairs.
    pub t_interval: Option<[f64; 2]>,
    /// Ends of the 95 % bootstrap interval of the mean difference; null below two pairs.
    pub bootstrap_interval: Option<[f64; 2]>,
}

/// The groups of `lanes`, in the order of their first members.
pub fn groups(lanes: &[RawLane]) -> Vec<LaneGroup> {
    let bare = |lane: &RawLane| RawLane { name: None, seed: 0, ..lane.clone() };
    let mut found: Vec<(RawLane, Vec<usize>)> = Vec::new();
    for (index, lane) in lanes.iter().enumerate() {
        if let Some((_, group)) = found.iter_mut().find(|(known, _)| *known == bare(lane)) {
            group.push(index);
        } else {
            found.push((bare(lane), vec![index]));
        }
    }
    // Named as if each were one lane: a group has no seed of its own.
    let named = |(bare, group): &(RawLane, Vec<usize>)| RawLane { name: lanes[group[0]].name.clone(), ..bare.clone() };
    let names = lane_names(&found.iter().map(named).collect::<Vec<_>>());
    let group = |(name, (_, lanes)): (String, _)| LaneGroup { name: name_without_seed(&name).to_owned(), lanes };
    names.into_iter().zip(found).map(group).collect()
}

/// Mean, spread and paired difference to the baseline of every group of `measured` lanes, each with its number.
///
/// The baseline is the first SR-STE group, which is what the paper compares with; without one, the first group.
pub fn summarise(measured: &[(RawLane, f64)]) -> Vec<GroupSummary> {
    let lanes: Vec<_> = measured.iter().map(|(lane, _)| lane.clone()).collect();
    let groups = groups(&lanes);
    let is_srste = |group: &&LaneGroup| lanes[group.lanes[0]].recipe == Recipe::SrSte;
    let Some(baseline) = groups.iter().find(is_srste).or(groups.first()) else { return Vec::new() };
    groups.iter().map(|group| summary(measured, group, baseline)).collect()
}

fn summary(measured: &[(RawLane, f64)], group: &LaneGroup, baseline: &LaneGroup) -> GroupSummary {
    let value = |lane: &usize| measured[*lane].1;
    let sample = Sample::of(&group.lanes.iter().map(value).collect::<Vec<_>>());
    let seed = |lane: &usize| measured[*lane].0.seed;
    let partner = |lane: &usize| baseline.lanes.iter().find(|other| seed(other) == seed(lane));
    let pair = |lane: &usize| partner(lane).map(|other| (value(lane), value(other)));
    let pairs: Vec<_> = if group == baseline { Vec::new() } else { group.lanes.iter().filter_map(pair).collect() };
    let difference = PairedDifference::of(&pairs);
    GroupSummary {
        name: group.name.clone(),
        lanes: group.lanes.clone(),
        n: sample.n,
        mean: sample.mean,
        std: (sample.n > 1).then_some(sample.std),
        mean_interval: sample.t_interval().map(ends),
        baseline: (group != baseline).then(|| baseline.name.clone()),
        pairs: pairs.len(),
        difference: (!pairs.is_empty()).then_some(difference.sample.mean),
        t_interval: difference.t.map(ends),
        bootstrap_interval: difference.bootstrap.map(ends),
    }
}

fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;
    use crate::study::over_seeds;

    fn repeated(seeds: &[u64]) -> Vec<RawLane> {
        let document = Preset::find("default").unwrap().experiment().document().clone();
        over_seeds(&document, seeds).unwrap().lanes
    }

    fn measured(seeds: &[u64], values: &[f64]) -> Vec<(RawLane, f64)> {
        repeated(seeds).into_iter().zip(values.iter().copied()).collect()
    }

    #[test]
    fn lanes_group_by_everything_but_the_seed() {
        let groups = groups(&repeated(&[0, 1, 2]));
        let named: Vec<_> = groups.iter().map(|group| (group.name.as_str(), group.lanes.clone())).collect();
        assert_eq!(named[0], ("Dense", vec![0, 4, 8]));
        assert_eq!(named[3], ("SdGf-Step", vec![3, 7, 11]));
    }

    #[test]
    fn differences_pair_lanes_of_equal_seed_with_srste() {
        // Seed 1 is easier by 10 for every lane; Dense is ahead of SR-STE by 2 and by 4.
        let values = [52.0, 50.0, 51.0, 49.0, 64.0, 60.0, 61.0, 59.0];
        let summaries = summarise(&measured(&[0, 1], &values));
        let dense = &summaries[0];
        assert_eq!((dense.n, dense.mean, dense.baseline.as_deref()), (2, 58.0, Some("SR-STE")));
        assert_eq!((dense.pairs, dense.difference), (2, Some(3.0)));
        // 3 +- 12.7062 * sqrt(2) / sqrt(2).
        // 58 +- 12.7062 * sqrt(72) / sqrt(2).
        let [low, high] = dense.mean_interval.unwrap();
        assert!((low + 18.2372).abs() < 1e-3 && (high - 134.2372).abs() < 1e-3, "{low} {high}");
        let [low, high] = dense.t_interval.unwrap();
        assert!((low + 9.7062).abs() < 1e-4 && (high - 15.7062).abs() < 1e-4, "{low} {high}");
        assert_eq!(summaries[2].t_interval, Some([1.0, 1.0]));
        assert_eq!((summaries[1].baseline.as_deref(), summaries[1].difference), (None, None));
    }

    #[test]
    fn one_seed_gives_a_difference_without_an_interval() {
        let summary = &summarise(&measured(&[7], &[0.5, 0.25, 0.75, 0.5]))[2];
        assert_eq!((summary.difference, summary.t_interval, summary.std), (Some(0.5), None, None));
    }
}
