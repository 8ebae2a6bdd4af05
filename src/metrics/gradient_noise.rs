//! How much the gradient differs from batch to batch at frozen weights, and from the gradient of the dense network.

use super::noise::{Noise, NoiseSums};

/// Squared norms over a set of weights, from which noise, signal and angle follow. `g_b` is the gradient of batch b
/// as the optimizer would see it, `d_b` that of the network without any mask on the same batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradientSums {
    /// Batches B.
    pub batches: f64,
    /// Sum over the batches of `||g_b||^2`.
    pub squares: f64,
    /// `||sum of g_b||^2`.
    pub total: f64,
    /// `||sum of d_b||^2`.
    pub dense_total: f64,
    /// `||sum of g_b + sum of d_b||^2`.
    pub joint: f64,
}

/// Kept and pruned weights of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradientNoise {
    /// Weights inside the mask.
    pub kept: GradientSums,
    /// Weights outside the mask.
    pub pruned: GradientSums,
}

impl GradientSums {
    /// Variance of a batch's gradient, summed over the weights: the unbiased estimate of the trace of its covariance.
    pub fn variance(&self) -> f64 {
        (self.squares - self.total / self.batches) / (self.batches - 1.0)
    }

    /// Squared norm of the expected gradient over [`variance`](Self::variance), both estimated without bias; the
    /// estimate can fall below 0 where there is next to no signal.
    pub fn signal_to_noise(&self) -> f64 {
        let signal = self.total / (self.batches * self.batches) - self.variance() / self.batches;
        signal / self.variance()
    }

    /// Cosine of the angle between the mean gradient and that of the network without a mask.
    pub fn dense_cosine(&self) -> f64 {
        0.5 * (self.joint - self.total - self.dense_total) / (self.total * self.dense_total).sqrt()
    }

    fn plus(self, other: Self) -> Self {
        Self {
            batches: self.batches,
            squares: self.squares + other.squares,
            total: self.total + other.total,
            dense_total: self.dense_total + other.dense_total,
            joint: self.joint + other.joint,
        }
    }
}

impl GradientNoise {
    /// From the sums of every batch, of the total, of the dense total and of both together.
    pub fn of(batches: &[Noise], total: &Noise, dense_total: &Noise, joint: &Noise) -> Self {
        let part = |of: fn(&Noise) -> NoiseSums| GradientSums {
            batches: batches.len() as f64,
            squares: batches.iter().map(|noise| of(noise).grad_squared).sum(),
            total: of(total).grad_squared,
            dense_total: of(dense_total).grad_squared,
            joint: of(joint).grad_squared,
        };
        Self { kept: part(|noise| noise.kept), pruned: part(|noise| noise.pruned) }
    }

    /// All measured weights.
    pub fn all(&self) -> GradientSums {
        self.kept.plus(self.pruned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One weight; g = 1, 3 and d = 2, 2: variance 2, mean 2, and the two point the same way.
    #[test]
    fn two_batches_of_one_weight_by_hand() {
        let sums = GradientSums { batches: 2.0, squares: 10.0, total: 16.0, dense_total: 16.0, joint: 64.0 };
        assert_eq!(sums.variance(), 2.0);
        // Signal 4 - 2 / 2 = 3.
        assert_eq!(sums.signal_to_noise(), 1.5);
        assert_eq!(sums.dense_cosine(), 1.0);
    }

    /// Two weights; g = (1, 0), (1, 0) and d = (0, 1), (0, 1): no noise, a right angle.
    #[test]
    fn a_right_angle_without_noise() {
        let sums = GradientSums { batches: 2.0, squares: 2.0, total: 4.0, dense_total: 4.0, joint: 8.0 };
        assert_eq!((sums.variance(), sums.dense_cosine()), (0.0, 0.0));
    }
}
