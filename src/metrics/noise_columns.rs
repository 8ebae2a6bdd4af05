//! Columns of the gradient-noise indicators.

use super::columns::{Chart, Entry, LaneMetrics, entry};
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

/// Gradient over several fresh batches at frozen weights, measured with an evaluation when `eval.noise_batches` asks.
pub(super) fn gradient_noise() -> Vec<Entry> {
    type Formula = (&'static str, &'static str, bool, &'static str, fn(&GradientSums) -> f64);
    type Part = (&'static str, &'static str, fn(&GradientNoise) -> GradientSums);
    const FORMULAS: [Formula; 3] = [
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
    const PARTS: [Part; 3] = [
        ("all", "all weights", GradientNoise::all),
        ("kept", "kept weights", |noise| noise.kept),
        ("pruned", "pruned weights", |noise| noise.pruned),
    ];
    let mut entries = Vec::new();
    for (part, part_label, of) in PARTS {
        for (name, label, log, help, formula) in FORMULAS {
            let names = (&*format!("{name}_{part}"), &*format!("{label}, {part_label}"), "");
            let help = format!("{help} Over fresh batches, at evaluations, when eval.noise_batches asks for it.");
            let value = move |lane: &LaneMetrics| Some(formula(&of(&lane.gradient_noise?)));
            entries.push(entry(Chart::Noise, names, log, &help, value));
        }
    }
    entries
}
