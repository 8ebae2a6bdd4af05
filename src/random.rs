//! The one source of random numbers: named, seeded streams of ChaCha8.
//!
//! A stream is addressed by `(seed, purpose, index)`, so any number in a run can be drawn again without
//! replaying what came before it: the sample at index 7 needs no knowledge of sample 6. Streams with
//! different addresses are independent. Every draw is integer arithmetic, exact float arithmetic or `libm`,
//! so native and wasm builds agree bit for bit.

use std::f32::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

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
        key[8..16].copy_from_slice(&fnv1a(purpose.as_bytes()).to_le_bytes());
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

/// FNV-1a, 64 bits (Fowler, Noll, Vo): a fixed hash, unlike the standard library's, which may change.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
