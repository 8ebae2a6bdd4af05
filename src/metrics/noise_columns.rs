//! Columns of the gradient-noise indicators.

use super::columns::{Chart, Entry, LaneMetrics, columns, entry};
use super::gradient_noise::{GradientNoise, GradientSums};
use super::noise::{Noise, NoiseSums};

/// Name, label, help and formula of every noise indicator.
type Indicator = (&'static str, &'static str, &'static str, fn(&NoiseSums) -> f64);

const INDICATORS: [Indicator; 7] = [
    ("grad_abs_mean", "Mean |g|", "Mean absolute gradient.", NoiseSums::grad_abs_mean),
    (
        "grad_abs_var",
        "Var |g|",
        "Variance of the absolute gradient, the paper's second indicator (section 4).",
        NoiseSums::grad_abs_var,
    ),
    ("grad_var", "Var g", "Variance of the gradient.", NoiseSums::grad_var),
    ("grad_norm", "||g||", "Euclidean norm of the gradient.", NoiseSums::grad_norm),
    (
        "v_sum",
        "Sum of v",
        "Sum of AdamW's second moment, the paper's first indicator ||V_t|| (section 4).",
        NoiseSums::v_sum,
    ),
    ("v_var", "Var v", "Variance of AdamW's second moment.", NoiseSums::v_var),
    ("v_norm", "||v||", "Euclidean norm of AdamW's second moment.", NoiseSums::v_norm),
];

/// Every indicator of one matrix by its column's name, as files list them.
pub fn indicators(noise: &Noise) -> Vec<(String, f64)> {
    let parts = [("all", noise.all()), ("kept", noise.kept), ("pruned", noise.pruned)];
    let of = |(part, sums): (&str, NoiseSums)| {
        INDICATORS.map(|(name, _, _, formula)| (format!("{name}_{part}"), formula(&sums)))
    };
    let flips = ("mask_flip_rate".to_owned(), noise.all().flip_rate());
    parts.into_iter().flat_map(of).chain([flips]).collect()
}

/// Indicators of the last step of a reporting interval.
pub(super) fn noise() -> Vec<Entry> {
    type Part = (&'static str, &'static str, fn(&Noise) -> NoiseSums);
    const PARTS: [Part; 3] = [
        ("all", "all weights", Noise::all),
        ("kept", "kept weights", |noise| noise.kept),
        ("pruned", "pruned weights", |noise| noise.pruned),
    ];
    const SCOPE: &str = "Over the matrices that are pruned in some lane; g is the gradient after the gradient \
        rule and before clipping.";
    let mut entries = Vec::new();
    for (part, part_label, of) in PARTS {
        for (name, label, help, formula) in INDICATORS {
            let names = (&*format!("{name}_{part}"), &*format!("{label}, {part_label}"), "");
            let value = move |lane: &LaneMetrics| Some(formula(&of(&lane.noise?)));
            entries.push(entry(Chart::Noise, names, true, &format!("{help} {SCOPE}"), value));
        }
    }
    entries
}

type GradientFormula = (&'static str, &'static str, bool, &'static str, fn(&GradientSums) -> f64);
type GradientPart = (&'static str, &'static str, fn(&GradientNoise) -> GradientSums);

const GRADIENT_FORMULAS: [GradientFormula; 3] = [
    (
        "batch_variance",
        "Mini-batch variance",
        true,
        "Variance of the gradient from batch to batch at frozen weights, summed over the weights.",
        GradientSums::variance,
    ),
    (
        "gradient_snr",
        "Signal-to-noise ratio",
        false,
        "Squared norm of the expected gradient over the mini-batch variance, both estimated without bias.",
        GradientSums::signal_to_noise,
    ),
    (
        "dense_cosine",
        "Cosine to the dense gradient",
        false,
        "Cosine between the gradient that the optimizer sees and that of the same weights without a mask.",
        GradientSums::dense_cosine,
    ),
];

const GRADIENT_PARTS: [GradientPart; 3] = [
    ("all", "all weights", GradientNoise::all),
    ("kept", "kept weights", |noise| noise.kept),
    ("pruned", "pruned weights", |noise| noise.pruned),
];

/// Gradient over several fresh batches at frozen weights, measured when it is asked for and with every evaluation when
/// `eval.noise_batches` says so.
pub(super) fn gradient_noise() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (part, part_label, of) in GRADIENT_PARTS {
        for (name, label, log, help, formula) in GRADIENT_FORMULAS {
            let names = (&*format!("{name}_{part}"), &*format!("{label}, {part_label}"), "");
            let help = format!("{help} Over fresh batches, on demand or at evaluations (eval.noise_batches).");
            let value = move |lane: &LaneMetrics| Some(formula(&of(&lane.gradient_noise?)));
            entries.push(entry(Chart::Noise, names, log, &help, value));
        }
    }
    entries
}

/// The numbers of [`row`](super::row) that follow from the gradient's noise; NaN elsewhere.
pub fn gradient_noise_row(noise: &GradientNoise) -> Vec<f64> {
    let value = |key: &str| {
        let parts = GRADIENT_PARTS.iter().flat_map(|part| GRADIENT_FORMULAS.iter().map(move |formula| (part, formula)));
        let mut found = parts.filter(|((part, ..), (name, ..))| key == format!("{name}_{part}"));
        found.next().map_or(f64::NAN, |((_, _, of), (.., formula))| formula(&of(noise)))
    };
    columns().iter().map(|column| value(&column.key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One weight, kept; g = 1, 3 and d = 2, 2: variance 2, signal 3, the same direction.
    #[test]
    fn the_row_holds_the_gradients_noise_and_nothing_else() {
        let kept = GradientSums { batches: 2.0, squares: 10.0, total: 16.0, dense_total: 16.0, joint: 64.0 };
        let row = gradient_noise_row(&GradientNoise { kept, pruned: GradientSums { batches: 2.0, ..kept } });
        let measured = |key: &str| row[columns().iter().position(|column| column.key == key).unwrap()];
        assert_eq!((measured("batch_variance_kept"), measured("gradient_snr_kept")), (2.0, 1.5));
        assert_eq!((measured("batch_variance_all"), measured("dense_cosine_pruned")), (4.0, 1.0));
        assert_eq!(row.iter().filter(|value| !value.is_nan()).count(), 9);
    }
}
