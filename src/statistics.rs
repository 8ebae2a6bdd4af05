//! Means over seeds and paired differences, with their uncertainty.

use crate::random::Stream;

/// Resamples of a bootstrap interval.
const RESAMPLES: usize = 10_000;
/// Share of the distribution inside every interval given here.
pub const CONFIDENCE: f64 = 0.95;

/// Mean and spread of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Number of values.
    pub n: usize,
    /// Their mean; NaN of nothing.
    pub mean: f64,
    /// Standard deviation with `n - 1` in the denominator; NaN below two values.
    pub std: f64,
}

/// Ends of a 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Differences of pairs, such as two recipes trained from equal seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The differences as a sample.
    pub sample: Sample,
    /// Interval of Student's t for the mean difference; `None` below two pairs.
    pub t: Option<Interval>,
    /// Percentile bootstrap of the mean difference, from a fixed seed; `None` below two pairs.
    pub bootstrap: Option<Interval>,
}

impl Sample {
    /// Of these values.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let std = if n < 2 { f64::NAN } else { (squares / (n - 1) as f64).sqrt() };
        Self { n, mean, std }
    }

    /// Interval of Student's t for the mean, `mean +- t * std / sqrt(n)`; `None` below two values.
    pub fn t_interval(self) -> Option<Interval> {
        let freedom = self.n.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
        let half = t_quantile(f64::midpoint(1.0, CONFIDENCE), freedom) * self.std / (self.n as f64).sqrt();
        Some(Interval { low: self.mean - half, high: self.mean + half })
    }
}

impl PairedDifference {
    /// Of `ours - theirs`, pair by pair.
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let differences: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours - theirs).collect();
        let sample = Sample::of(&differences);
        let bootstrap = (sample.n >= 2).then(|| bootstrap_interval(&differences));
        Self { sample, t: sample.t_interval(), bootstrap }
    }
}

/// Percentiles of the means of samples drawn with replacement (Efron 1979).
fn bootstrap_interval(values: &[f64]) -> Interval {
    let n = u32::try_from(values.len()).expect("a sample is small");
    let mut stream = Stream::new(0, "bootstrap", 0);
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| (0..n).map(|_| values[stream.below(n) as usize]).sum::<f64>() / f64::from(n)).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[libm::round(share * (RESAMPLES - 1) as f64) as usize];
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Interval { low: at(tail), high: at(1.0 - tail) }
}

/// The value below which Student's t with `freedom` degrees lies with probability `share`, which is at least 1/2.
fn t_quantile(share: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while t_cdf(high, freedom) < share {
        high *= 2.0;
    }
    // Halving 60 times exhausts the digits of a double.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if t_cdf(middle, freedom) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Probability that Student's t is below `t >= 0`.
fn t_cdf(t: f64, freedom: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// Regularised incomplete beta function `I_x(a, b)` by its continued fraction (Abramowitz and Stegun 26.5.8), which
/// converges fast below `(a + 1) / (a + b + 2)`; the symmetry `I_x(a, b) = 1 - I_{1-x}(b, a)` brings x there.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    if x == 0.0 {
        return 0.0;
    }
    let log_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log(1.0 - x);
    let coefficient = |i: u32| {
        let m = f64::from(i / 2);
        if i.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    // From the inside out: 200 levels are far more than double precision needs in this range.
    let fraction = (1..=200).rev().fold(1.0, |inner, i| 1.0 + coefficient(i) / inner);
    libm::exp(log_front) / (a * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ours: f64, expected: f64, tolerance: f64) {
        assert!((ours - expected).abs() <= tolerance, "{ours}, expected {expected}");
    }

    /// Two-sided 95 % and 99 % points as tabulated everywhere.
    #[test]
    fn t_quantiles_are_the_tabulated_ones() {
        let table =
            [(1.0, 12.7062), (2.0, 4.302_65), (4.0, 2.776_45), (9.0, 2.262_16), (30.0, 2.042_27), (100.0, 1.983_97)];
        for (freedom, expected) in table {
            near(t_quantile(0.975, freedom), expected, 5e-5);
        }
        near(t_quantile(0.995, 9.0), 3.249_84, 5e-5);
        near(t_quantile(0.5, 7.0), 0.0, 1e-12);
    }

    #[test]
    fn a_sample_by_hand() {
        let sample = Sample::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((sample.n, sample.mean), (8, 5.0));
        near(sample.std, (32.0f64 / 7.0).sqrt(), 1e-15);
        assert!(Sample::of(&[1.0]).std.is_nan() && Sample::of(&[]).mean.is_nan());
    }

    /// Student's own data (1908): extra sleep of ten patients under two drugs; t = 4.06, interval 0.70 to 2.46.
    #[test]
    fn the_paired_interval_of_the_sleep_data() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let pairs: Vec<_> = second.into_iter().zip(first).collect();
        let difference = PairedDifference::of(&pairs);
        near(difference.sample.mean, 1.58, 1e-12);
        let t = difference.t.unwrap();
        near(t.low, 0.700_114, 1e-5);
        near(t.high, 2.459_886, 1e-5);
        // The bootstrap does not know the distribution; for these data its interval is well inside (0.9, 2.5).
        let bootstrap = difference.bootstrap.unwrap();
        assert!(bootstrap.low > 0.9 && bootstrap.low < 1.2 && bootstrap.high > 2.0 && bootstrap.high < 2.6);
        assert_eq!(difference, PairedDifference::of(&pairs), "a fixed seed repeats itself");
    }

    #[test]
    fn one_pair_has_no_interval() {
        let difference = PairedDifference::of(&[(3.0, 1.0)]);
        assert_eq!((difference.sample.mean, difference.t, difference.bootstrap), (2.0, None, None));
    }

    #[test]
    fn equal_differences_leave_no_doubt() {
        let difference = PairedDifference::of(&[(3.0, 1.0), (4.0, 2.0), (5.0, 3.0)]);
        let certain = Some(Interval { low: 2.0, high: 2.0 });
        assert_eq!((difference.t, difference.bootstrap), (certain, certain));
    }
}
