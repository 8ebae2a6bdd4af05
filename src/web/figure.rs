//! Numbers for the page's teaching figures, from the code that trains: masks and the weights behind them.

use super::protocol::Numbers;
use crate::error::Problem;
use crate::kernels::cpu::mask::select_masks;
use crate::kernels::plan::Rule;
use crate::kernels::{Segment, SegmentKind};
use crate::pattern::NmPattern;
use crate::random::Stream;

/// Most weights of a figure.
const MOST_WEIGHTS: usize = 256;
/// Most repetitions of a figure.
const MOST_ROWS: usize = 64;

/// What a figure asks for.
#[derive(Debug, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FigureSpec {
    /// The weights, a whole number of groups.
    pub weights: Vec<f32>,
    /// Weights kept per group.
    pub n: usize,
    /// Weights per group.
    pub m: usize,
    /// D, the factor on pruned weights.
    pub decay: f32,
    /// Standard deviation of what is added to every weight, anew in each row: a stand-in for noisy updates.
    pub noise: f32,
    /// How often the weights are disturbed and masked.
    pub rows: usize,
}

/// Disturbed weights, their masks and what the forward pass reads: each `[rows, weights]`.
#[derive(Debug)]
pub struct Figure {
    /// The weights with their noise.
    pub weights: Numbers,
    /// 1 where kept, 0 where pruned.
    pub mask: Numbers,
    /// `W * (F + D (1 - F))`.
    pub forward: Numbers,
}

/// Masks every row of the figure.
///
/// # Errors
/// Names each field that cannot be drawn.
pub fn figure(spec: &FigureSpec) -> Result<Figure, Vec<Problem>> {
    let problems = problems(spec);
    if !problems.is_empty() {
        return Err(problems);
    }
    let rule = Rule { n: spec.n, m: spec.m, decay: spec.decay, along_inputs: true, ..Rule::DENSE };
    let count = spec.weights.len();
    // Groups run along the inputs, so one column of all weights is one run of groups.
    let segment = Segment { offset: 0, rows: count, cols: 1, stride: 1, kind: SegmentKind::Ff1 };
    let (mut weights, mut mask, mut forward) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..spec.rows {
        let mut noise = Stream::new(0, "teaching figure", row as u64);
        let disturbed: Vec<f32> = spec.weights.iter().map(|weight| weight + spec.noise * noise.normal()).collect();
        let (mut kept, mut read) = (vec![0.0; count], vec![0.0; count]);
        select_masks(&disturbed, &vec![0.0; count], |_| rule, &[segment], (&mut kept, &mut read));
        weights.extend(disturbed.into_iter().map(f64::from));
        mask.extend(kept.into_iter().map(f64::from));
        forward.extend(read.into_iter().map(f64::from));
    }
    Ok(Figure { weights: Numbers(weights), mask: Numbers(mask), forward: Numbers(forward) })
}

fn problems(spec: &FigureSpec) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut require = |holds: bool, field: &str, reason: String| {
        if !holds {
            problems.push(Problem::new(field, reason));
        }
    };
    if let Err(reason) = NmPattern::new(spec.n, spec.m) {
        require(false, "n", reason.to_string());
    } else {
        let fits =
            !spec.weights.is_empty() && spec.weights.len().is_multiple_of(spec.m) && spec.weights.len() <= MOST_WEIGHTS;
        require(fits, "weights", format!("must be whole groups of {}, at most {MOST_WEIGHTS} weights", spec.m));
    }
    require(spec.weights.iter().all(|weight| weight.is_finite()), "weights", "must be finite numbers".into());
    require((0.0..=1.0).contains(&spec.decay), "decay", "must lie between 0 and 1".into());
    require((0.0..=1e3).contains(&spec.noise), "noise", "must lie between 0 and 1000".into());
    require((1..=MOST_ROWS).contains(&spec.rows), "rows", format!("must lie between 1 and {MOST_ROWS}"));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> FigureSpec {
        FigureSpec { weights: vec![0.1, -0.9, 0.4, 0.4], n: 2, m: 4, decay: 0.5, noise: 0.0, rows: 1 }
    }

    #[test]
    fn the_largest_are_kept_and_the_others_count_d_times() {
        let figure = figure(&spec()).unwrap_or_else(|problems| panic!("{problems:?}"));
        // Of equal weights the lower index wins.
        assert_eq!(figure.mask.0, [0.0, 1.0, 1.0, 0.0]);
        let expected = [0.05, -0.9, 0.4, 0.2];
        assert!(figure.forward.0.iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-6));
    }

    #[test]
    fn noise_flips_masks_and_is_the_same_at_every_call() {
        let noisy = FigureSpec { noise: 0.3, rows: 40, ..spec() };
        let (first, again) = (figure(&noisy).ok().unwrap(), figure(&noisy).ok().unwrap());
        assert_eq!(first.weights.0, again.weights.0);
        assert!(first.mask.0.chunks(4).all(|row| row.iter().sum::<f64>() == 2.0));
        assert!(first.mask.0.chunks(4).any(|row| row != [0.0, 1.0, 1.0, 0.0]));
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let bad = FigureSpec { weights: vec![f32::NAN; 5], n: 2, m: 4, decay: 2.0, noise: -1.0, rows: 0 };
        let problems = figure(&bad).err().unwrap_or_default();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["weights", "weights", "decay", "noise", "rows"]);
        let fields = figure(&FigureSpec { n: 5, ..spec() }).err().unwrap_or_default();
        assert_eq!(fields[0].field, "n");
    }
}
