//! The one source of random numbers: named, seeded streams of ChaCha8.
//!
//! A stream is addressed by `(seed, purpose, index)`, so any number in a run can be drawn again without
//! replaying what came before it: the sample at index 7 needs no knowledge of sample 6. Streams with
//! different addresses are independent. Every draw is integer arithmetic, exact float arithmetic or `libm`,
//! so native and wasm builds agree bit for bit.

use std::f32::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::hash::Hash;

/// Second half of every ChaCha key: keeps these streams apart from any other use of ChaCha8 with small seeds.
const DOMAIN: [u8; 16] = *b"nmflow random v1";

/// An endless sequence of random numbers, determined by `(seed, purpose, index)`.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
    /// Box-Muller makes normal numbers in pairs; this is the one not yet handed out.
    spare_normal: Option<f32>,
}

impl Stream {
    /// Opens the stream for one `purpose`, such as `"data/order"`, and one `index` within it.
    ///
    /// The key is `seed`, a hash of `purpose` and a constant; `index` is ChaCha's own stream number, so the
    /// 2^64 indices of a purpose can never overlap.
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&Hash::of(purpose.as_bytes()).to_le_bytes());
        key[16..].copy_from_slice(&DOMAIN);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index);
        Self { generator, spare_normal: None }
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        const STEP: f32 = 1.0 / (1 << 24) as f32;
        (self.generator.next_u32() >> 8) as f32 * STEP
    }

    /// Uniform in `[low, high)`; the rounding of a `high` far from zero may return `high` itself.
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in `0..n` without bias (Lemire 2019, "Fast random integer generation in an interval").
    ///
    /// # Panics
    /// If `n` is 0: there is no number to draw.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "below(0) has no number to draw");
        // 2^32 is not a multiple of n in general; the products whose low half falls short of this bound are
        // the surplus ones.
        let surplus = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.generator.next_u32()) * u64::from(n);
            if product as u32 >= surplus {
                return (product >> 32) as u32;
            }
        }
    }

    /// Standard normal (mean 0, variance 1), by Box and Muller (1958). No value exceeds 5.8 in magnitude.
    pub fn normal(&mut self) -> f32 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        // 1 - uniform lies in (0, 1], where the logarithm is finite.
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.uniform()));
        let angle = TAU * self.uniform();
        self.spare_normal = Some(radius * libm::sinf(angle));
        radius * libm::cosf(angle)
    }

    /// Puts `items` into a uniformly random order (Fisher-Yates).
    ///
    /// # Panics
    /// If there are more than 2^32 - 1 items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        let len = u32::try_from(items.len()).expect("shuffle is meant for fewer than 2^32 items");
        for last in (1..len).rev() {
            items.swap(last as usize, self.below(last + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected numbers were computed by a second implementation of ChaCha8 and of these methods, written
    // apart from this one. A change of generator, key or conversion changes every run ever shared.

    #[test]
    fn uniform_numbers_are_known() {
        let mut stream = Stream::new(7, "data/order", 3);
        let drawn = [(); 4].map(|()| stream.uniform());
        assert_eq!(drawn, [12_359_703.0, 11_978_669.0, 9_540_922.0, 13_882_490.0].map(|x: f32| x / 16_777_216.0));
    }

    #[test]
    fn numbers_below_ten_and_a_shuffle_are_known() {
        let mut stream = Stream::new(7, "data/order", 3);
        assert_eq!([(); 12].map(|()| stream.below(10)), [7, 7, 5, 8, 1, 3, 9, 7, 9, 5, 3, 3]);
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        Stream::new(7, "data/order", 3).shuffle(&mut items);
        assert_eq!(items, [8, 9, 2, 3, 1, 0, 5, 4, 6, 7]);
    }

    #[test]
    fn normal_numbers_are_known() {
        let mut stream = Stream::new(7, "data/order", 3);
        for expected in [-0.366_542_2, -1.592_022_8, 0.606_554_0, -1.146_262_3, -0.152_721_9, 0.467_634_1] {
            let drawn = stream.normal();
            assert!((drawn - expected).abs() < 2e-6, "{drawn} is not {expected}");
        }
    }

    #[test]
    fn every_part_of_the_address_gives_an_independent_stream() {
        let numbers = |mut stream: Stream| (0..20_000).map(|_| stream.normal()).collect::<Vec<f32>>();
        let reference = numbers(Stream::new(1, "init", 1));
        for other in [Stream::new(2, "init", 1), Stream::new(1, "data", 1), Stream::new(1, "init", 2)] {
            let other = numbers(other);
            let correlation = reference.iter().zip(&other).map(|(a, b)| f64::from(a * b)).sum::<f64>() / 20_000.0;
            // Standard error 0.007.
            assert!(correlation.abs() < 0.035, "correlation {correlation}");
        }
        assert_eq!(reference, numbers(Stream::new(1, "init", 1)), "the same address gives the same stream");
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let mut stream = Stream::new(0, "moments", 0);
        let numbers: Vec<f64> = (0..100_000).map(|_| f64::from(stream.normal())).collect();
        let moment = |power: i32| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / 100_000.0;
        // About five standard errors each: sqrt(1, 2, 15, 96) / sqrt(100,000).
        for (power, expected, tolerance) in [(1, 0.0, 0.016), (2, 1.0, 0.023), (3, 0.0, 0.062), (4, 3.0, 0.16)] {
            assert!((moment(power) - expected).abs() < tolerance, "moment {power} is {}", moment(power));
        }
        let tails = numbers.iter().filter(|x| x.abs() > 1.959_964).count();
        assert!((4_650..5_350).contains(&tails), "{tails} of 100,000 lie beyond the 95 % interval");
    }

    #[test]
    fn uniform_numbers_fill_the_interval_evenly() {
        let mut stream = Stream::new(0, "uniform", 0);
        let mut counts = [0; 10];
        for _ in 0..100_000 {
            counts[(stream.uniform() * 10.0) as usize] += 1;
        }
        // Standard deviation 95.
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn below_is_unbiased_where_a_plain_multiplication_is_not() {
        // 2^32 is 4/3 of this n: without rejection every third number would come up twice as often.
        let mut stream = Stream::new(0, "below", 0);
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            let drawn = stream.below(3 << 30);
            assert!(drawn < 3 << 30);
            counts[(drawn % 3) as usize] += 1;
        }
        // Standard deviation 82.
        assert!(counts.iter().all(|count| (9_590..10_410).contains(count)), "{counts:?}");
        assert_eq!(stream.below(1), 0);
    }

    #[test]
    #[should_panic(expected = "below(0) has no number to draw")]
    fn below_zero_is_a_broken_invariant() {
        Stream::new(0, "below", 0).below(0);
    }

    #[test]
    fn a_shuffle_is_a_permutation_and_every_one_is_equally_likely() {
        let mut stream = Stream::new(0, "shuffle", 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let mut items = [0, 1, 2, 3];
            stream.shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        for (order, count) in counts {
            let mut sorted = order;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
            // Standard deviation 31.
            assert!((850..1_150).contains(&count), "{order:?} came {count} times");
        }
    }
}
