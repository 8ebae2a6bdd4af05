//! Lanes shared out over several workers, and their parts of a snapshot put together again.
//!
//! A lane is a function of the experiment and its seed alone, so it does not matter who trains it: a snapshot
//! taken by any number of workers can be continued by any other number.

use super::record::Record;
use super::snapshot::Snapshot;
use crate::error::LabError;

/// The lanes of each of up to `workers` workers, ascending. As many are employed as shorten the longest share:
/// a worker more would hold memory and change nothing.
pub fn shares(lanes: usize, workers: usize) -> Vec<Vec<usize>> {
    let longest = lanes.max(1).div_ceil(workers.max(1));
    let workers = lanes.max(1).div_ceil(longest);
    (0..workers).map(|worker| (worker..lanes).step_by(workers).collect()).collect()
}

impl Snapshot {
    /// The part of this snapshot that concerns `lanes`.
    ///
    /// # Errors
    /// When it does not hold one of them.
    pub fn of_lanes(self, lanes: &[usize]) -> Result<Self, LabError> {
        if lanes == self.lanes {
            return Ok(self);
        }
        let place = |lane: &usize| {
            let place = self.lanes.iter().position(|held| held == lane);
            place.ok_or_else(|| LabError::Snapshot(format!("it does not hold lane {lane}; is it part of a whole?")))
        };
        let places = lanes.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let held = self.lanes.len();
        let rows = |values: &[f32]| -> Vec<f32> {
            places.iter().flat_map(|place| row(values, held, *place)).copied().collect()
        };
        let steps = self.unreported.chunks_exact(2 * held);
        Ok(Self {
            lanes: lanes.to_vec(),
            params: rows(&self.params),
            moments: rows(&self.moments),
            mask: rows(&self.mask),
            measured_mask: rows(&self.measured_mask),
            first_mask: rows(&self.first_mask),
            ever_kept: rows(&self.ever_kept),
            unreported: steps.flat_map(rows).collect(),
            record: Record {
                lanes: places.iter().map(|place| self.record.lanes[*place].clone()).collect(),
                keys: self.record.keys,
                steps: self.record.steps,
            },
            ..self
        })
    }

    /// One snapshot of all the lanes in `parts`, ascending.
    ///
    /// # Errors
    /// When the parts are not of one run and step, or hold a lane twice.
    pub(super) fn merged(mut parts: Vec<Self>) -> Result<Self, LabError> {
        if parts.len() == 1 {
            return Ok(parts.swap_remove(0));
        }
        let refused = |what: &str| LabError::Snapshot(format!("its parts {what}; pause the run and try again"));
        let Some(first) = parts.first() else { return Err(refused("are missing")) };
        let at = |part: &Self| (part.step, unreported_steps(part));
        if !parts.iter().all(|part| {
            let same = part.document == first.document && part.record.keys == first.record.keys;
            same && at(part) == at(first) && part.record.steps == first.record.steps
        }) {
            return Err(refused("are of different steps"));
        }
        let held = |part: usize| parts[part].lanes.iter().enumerate().map(move |(place, lane)| (*lane, part, place));
        let mut owners: Vec<(usize, usize, usize)> = (0..parts.len()).flat_map(held).collect();
        owners.sort_unstable();
        if owners.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(refused("hold a lane twice"));
        }
        // One row for each lane, of what every part holds in rows of lanes.
        let rows = |values: &dyn Fn(&Self) -> &[f32]| -> Vec<f32> {
            let of =
                |(_, part, place): &(usize, usize, usize)| row(values(&parts[*part]), parts[*part].lanes.len(), *place);
            owners.iter().flat_map(of).copied().collect()
        };
        let unreported = |step: usize| rows(&|part| row(&part.unreported, unreported_steps(part), step));
        Ok(Self {
            step: first.step,
            document: first.document.clone(),
            lanes: owners.iter().map(|(lane, ..)| *lane).collect(),
            params: rows(&|part| &part.params),
            moments: rows(&|part| &part.moments),
            mask: rows(&|part| &part.mask),
            measured_mask: rows(&|part| &part.measured_mask),
            first_mask: rows(&|part| &part.first_mask),
            ever_kept: rows(&|part| &part.ever_kept),
            unreported: (0..unreported_steps(first)).flat_map(unreported).collect(),
            record: Record {
                keys: first.record.keys.clone(),
                steps: first.record.steps.clone(),
                lanes: owners.iter().map(|(_, part, place)| parts[*part].record.lanes[*place].clone()).collect(),
            },
        })
    }
}

/// What `values` hold of one of `lanes` lanes.
fn row(values: &[f32], lanes: usize, place: usize) -> &[f32] {
    let width = values.len() / lanes;
    &values[place * width..][..width]
}

/// Steps since the last report: each left a loss and the right answers of every lane.
fn unreported_steps(snapshot: &Snapshot) -> usize {
    snapshot.unreported.len() / (2 * snapshot.lanes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three lanes of two parameters, after two steps since the last report.
    fn whole() -> Snapshot {
        let numbers = |width: usize| -> Vec<f32> { (0..3 * width).map(|at| at as f32).collect() };
        let keys = vec!["train_loss".to_owned()];
        Snapshot {
            step: 7,
            document: "{}".into(),
            lanes: vec![0, 1, 2],
            params: numbers(2),
            moments: numbers(4),
            mask: vec![1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            measured_mask: vec![0.0, 1.0, 1.0, 1.0, 0.0, 1.0],
            first_mask: vec![1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
            ever_kept: vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0],
            unreported: numbers(4),
            record: Record { keys, steps: vec![0, 5], lanes: vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]] },
        }
    }

    #[test]
    fn every_lane_has_one_worker_and_no_worker_is_idle() {
        assert_eq!(shares(5, 2), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(shares(2, 8), [[0], [1]]);
        assert_eq!(shares(6, 4), [[0, 3], [1, 4], [2, 5]], "a fourth worker would train one lane instead of two");
        assert_eq!(shares(3, 1), [[0, 1, 2]]);
        assert_eq!(shares(3, 0), [[0, 1, 2]]);
    }

    #[test]
    fn a_share_holds_the_rows_of_its_lanes_and_the_shares_make_the_whole() {
        let part = |lanes: &[usize]| whole().of_lanes(lanes).expect("the whole holds all lanes");
        let one = part(&[1]);
        assert_eq!((one.params, one.unreported), (vec![2.0, 3.0], vec![2.0, 3.0, 8.0, 9.0]));
        for parts in [vec![part(&[0, 2]), part(&[1])], vec![part(&[2]), part(&[0]), part(&[1])], vec![whole()]] {
            let bytes: Vec<u8> = parts.iter().flat_map(Snapshot::to_bytes).collect();
            assert_eq!(Snapshot::from_bytes(&bytes), Ok(whole()));
        }
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let part = |lanes: &[usize]| whole().of_lanes(lanes).expect("the whole holds all lanes");
        let later = Snapshot { step: 8, ..part(&[1]) };
        for parts in [vec![], vec![part(&[0]), later], vec![part(&[0, 1]), part(&[1, 2])]] {
            let bytes: Vec<u8> = parts.iter().flat_map(Snapshot::to_bytes).collect();
            assert!(matches!(Snapshot::from_bytes(&bytes), Err(LabError::Snapshot(_))));
        }
        assert!(matches!(part(&[0, 2]).of_lanes(&[1]), Err(LabError::Snapshot(_))));
    }
}
