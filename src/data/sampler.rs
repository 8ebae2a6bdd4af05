//! The order in which a finite training set is seen: a new permutation every epoch.

use std::collections::HashMap;

use crate::random::Stream;

/// Seeds whose current permutation is remembered. Lanes with different seeds take turns, so forgetting after each
/// question would shuffle the whole set once per lane and step.
const MAX_ORDERS: usize = 64;

/// Draws batches of indices `0..len`. Epoch `e` of seed `s` is the shuffle by `Stream(s, "data/order", e)`; the
/// epochs follow each other without a gap, so batches cross their borders and every index comes once per epoch.
#[derive(Debug)]
pub(super) struct Sampler {
    len: usize,
    orders: HashMap<u64, Order>,
}

/// The permutation of one epoch.
#[derive(Debug)]
struct Order {
    epoch: u64,
    indices: Vec<u32>,
}

impl Sampler {
    /// A sampler of `0..len`.
    pub fn new(len: usize) -> Self {
        assert!(len > 0 && u32::try_from(len).is_ok(), "a training set has between 1 and 2^32 - 1 images, not {len}");
        Self { len, orders: HashMap::new() }
    }

    /// The indices `[batch]` that a lane with this `seed` sees at `step`.
    pub fn batch(&mut self, seed: u64, step: u32, batch: usize) -> Vec<u32> {
        let first = u64::from(step) * batch as u64;
        let len = self.len as u64;
        (first..first + batch as u64)
            .map(|position| self.order(seed, position / len)[(position % len) as usize])
            .collect()
    }

    /// The permutation of one epoch, from memory where it is the seed's current one.
    fn order(&mut self, seed: u64, epoch: u64) -> &[u32] {
        if self.orders.len() >= MAX_ORDERS && !self.orders.contains_key(&seed) {
            self.orders.clear();
        }
        let len = self.len as u32;
        let order = self.orders.entry(seed).or_insert_with(|| Order { epoch, indices: shuffled(seed, epoch, len) });
        if order.epoch != epoch {
            *order = Order { epoch, indices: shuffled(seed, epoch, len) };
        }
        &order.indices
    }
}

fn shuffled(seed: u64, epoch: u64, len: u32) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..len).collect();
    Stream::new(seed, "data/order", epoch).shuffle(&mut indices);
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_index_once_though_batches_cross_its_border() {
        let mut sampler = Sampler::new(10);
        let seen: Vec<u32> = (0..5).flat_map(|step| sampler.batch(3, step, 4)).collect();
        for epoch in seen.chunks(10) {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<u32>>());
        }
        assert_ne!(seen[..10], seen[10..], "every epoch has its own order");
    }

    #[test]
    fn a_batch_does_not_depend_on_what_was_asked_before() {
        let mut used = Sampler::new(7);
        for step in [9, 0, 5] {
            for seed in 0..(MAX_ORDERS as u64 + 3) {
                used.batch(seed, step, 3);
            }
        }
        for (seed, step) in [(0, 4), (66, 5), (1, 0)] {
            assert_eq!(used.batch(seed, step, 3), Sampler::new(7).batch(seed, step, 3), "seed {seed}, step {step}");
        }
        assert!(used.orders.len() <= MAX_ORDERS);
    }

    #[test]
    fn a_batch_larger_than_the_set_goes_round_more_than_once() {
        let batch = Sampler::new(3).batch(0, 0, 9);
        for index in 0..3 {
            assert_eq!(batch.iter().filter(|&&seen| seen == index).count(), 3);
        }
    }

    #[test]
    fn seeds_have_their_own_orders() {
        let mut sampler = Sampler::new(100);
        assert_ne!(sampler.batch(0, 0, 100), sampler.batch(1, 0, 100));
    }
}
