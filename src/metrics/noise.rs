//! Gradient-noise indicators of a set of weights (paper section 4) from their sums.

use crate::kernels::cpu::noise::SUMS;

/// Sums over a set of weights: the gradient `g` after the gradient rule and before clipping, AdamW's second
/// moment `v`, and the mask bits that changed since the last measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseSums {
    /// Weights.
    pub count: f64,
    /// Sum of |g|.
    pub abs: f64,
    /// Sum of g.
    pub grad: f64,
    /// Sum of g^2.
    pub grad_squared: f64,
    /// Sum of v.
    pub v: f64,
    /// Sum of v^2.
    pub v_squared: f64,
    /// Changed mask bits.
    pub flips: f64,
    /// Mask bits that differ from the lane's first mask.
    pub moved: f64,
    /// Weights that a reported mask kept at some time.
    pub ever_kept: f64,
}

/// Kept and pruned weights of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Weights inside the mask.
    pub kept: NoiseSums,
    /// Weights outside the mask.
    pub pruned: NoiseSums,
}

impl NoiseSums {
    /// From the order in which the kernels give them.
    fn read(sums: &[f32]) -> Self {
        let [count, abs, grad, grad_squared, v, v_squared, flips, moved, ever_kept] =
            std::array::from_fn(|i| f64::from(sums[i]));
        Self { count, abs, grad, grad_squared, v, v_squared, flips, moved, ever_kept }
    }

    /// Sums over the union of two disjoint sets.
    pub fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            abs: self.abs + other.abs,
            grad: self.grad + other.grad,
            grad_squared: self.grad_squared + other.grad_squared,
            v: self.v + other.v,
            v_squared: self.v_squared + other.v_squared,
            flips: self.flips + other.flips,
            moved: self.moved + other.moved,
            ever_kept: self.ever_kept + other.ever_kept,
        }
    }

    /// Mean of |g|; NaN for an empty set, as are all means and variances here.
    pub fn grad_abs_mean(&self) -> f64 {
        self.abs / self.count
    }

    /// Variance of |g|.
    pub fn grad_abs_var(&self) -> f64 {
        variance(self.abs, self.grad_squared, self.count)
    }

    /// Variance of g.
    pub fn grad_var(&self) -> f64 {
        variance(self.grad, self.grad_squared, self.count)
    }

    /// `||g||_2`.
    pub fn grad_norm(&self) -> f64 {
        self.or_nan(self.grad_squared.sqrt())
    }

    /// Sum of v, the paper's `||V_t||` as its plotted range suggests.
    pub fn v_sum(&self) -> f64 {
        self.or_nan(self.v)
    }

    /// Variance of v.
    pub fn v_var(&self) -> f64 {
        variance(self.v, self.v_squared, self.count)
    }

    /// `||v||_2`.
    pub fn v_norm(&self) -> f64 {
        self.or_nan(self.v_squared.sqrt())
    }

    /// Share of the weights whose mask bit changed.
    pub fn flip_rate(&self) -> f64 {
        self.flips / self.count
    }

    /// Share of the weights whose mask bit differs from the first mask.
    pub fn distance(&self) -> f64 {
        self.moved / self.count
    }

    /// Share of the weights that a reported mask kept at some time.
    pub fn ever_kept_frac(&self) -> f64 {
        self.ever_kept / self.count
    }

    /// An empty set has no norm: 0 would read as a quiet gradient.
    fn or_nan(&self, value: f64) -> f64 {
        if self.count == 0.0 { f64::NAN } else { value }
    }
}

/// Population variance from sums; rounding may not push it below zero.
fn variance(sum: f64, squares: f64, count: f64) -> f64 {
    let mean = sum / count;
    let variance = squares / count - mean * mean;
    if variance.is_nan() { variance } else { variance.max(0.0) }
}

impl Noise {
    /// Adds up the segments of one lane that `measured` selects: `sums` `[segments, 2 * SUMS]`.
    pub fn of_segments(sums: &[f32], measured: &[bool]) -> Self {
        let plus = |a: Self, b: Self| Self { kept: a.kept.plus(b.kept), pruned: a.pruned.plus(b.pruned) };
        Self::by_segment(sums, measured).into_iter().fold(Self::default(), plus)
    }

    /// Each segment of one lane that `measured` selects, in order: `sums` `[segments, 2 * SUMS]`.
    pub fn by_segment(sums: &[f32], measured: &[bool]) -> Vec<Self> {
        let segments = sums.chunks_exact(2 * SUMS).zip(measured).filter(|(_, measured)| **measured);
        let read = |(sums, _): (&[f32], _)| Self {
            kept: NoiseSums::read(&sums[..SUMS]),
            pruned: NoiseSums::read(&sums[SUMS..]),
        };
        segments.map(read).collect()
    }

    /// All measured weights.
    pub fn all(&self) -> NoiseSums {
        self.kept.plus(self.pruned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_of_four_weights_by_hand() {
        // g = 1, -1, 3, 1 and v = 1, 2, 3, 2; one of four mask bits changed, two differ from the first mask, and three
        // weights were kept at some time.
        let sums = NoiseSums {
            count: 4.0,
            abs: 6.0,
            grad: 4.0,
            grad_squared: 12.0,
            v: 8.0,
            v_squared: 18.0,
            flips: 1.0,
            moved: 2.0,
            ever_kept: 3.0,
        };
        assert_eq!(sums.grad_abs_mean(), 1.5);
        assert_eq!(sums.grad_abs_var(), 0.75);
        assert_eq!(sums.grad_var(), 2.0);
        assert_eq!(sums.grad_norm(), 12.0f64.sqrt());
        assert_eq!((sums.v_sum(), sums.v_var(), sums.v_norm()), (8.0, 0.5, 18.0f64.sqrt()));
        assert_eq!((sums.flip_rate(), sums.distance(), sums.ever_kept_frac()), (0.25, 0.5, 0.75));
    }

    #[test]
    fn an_empty_set_measures_nothing() {
        let empty = NoiseSums::default();
        assert!([empty.grad_abs_mean(), empty.grad_norm(), empty.v_sum(), empty.v_var()].iter().all(|x| x.is_nan()));
    }

    #[test]
    fn only_measured_segments_count() {
        let mut sums = [0.0; 4 * SUMS];
        (sums[0], sums[1], sums[SUMS], sums[2 * SUMS]) = (2.0, 5.0, 3.0, 100.0);
        let noise = Noise::of_segments(&sums, &[true, false]);
        assert_eq!((noise.kept.count, noise.kept.abs, noise.pruned.count), (2.0, 5.0, 3.0));
        assert_eq!(noise.all().count, 5.0);
    }
}
