//! What the tests of several operations share.

use crate::random::Stream;

/// Normal numbers, the same for the same name.
pub fn random(len: usize, name: &str) -> Vec<f32> {
    let mut stream = Stream::new(7, name, 0);
    (0..len).map(|_| stream.normal()).collect()
}

/// Checks every element against `truth(index)`.
pub fn assert_near(ours: &[f32], truth: impl Fn(usize) -> f64) {
    for (i, a) in ours.iter().enumerate() {
        let b = truth(i);
        assert!((f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()), "element {i}: {a} against {b}");
    }
}
