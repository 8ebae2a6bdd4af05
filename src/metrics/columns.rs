//! The table of metrics: what every number in a report is, and where it comes from.

use serde::Serialize;

use super::gradient_noise::GradientNoise;
use super::noise::Noise;
use super::noise_columns::{gradient_noise, noise};
use crate::cost::Spent;

/// Where a metric is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Chart {
    /// Training and validation accuracy.
    Accuracy,
    /// Training and validation loss.
    Loss,
    /// Gradient-noise indicators.
    Noise,
    /// What the recipe prescribes and does: D, N:M, density, learning rate, flips.
    Schedule,
    /// What training has cost so far.
    Cost,
}

/// What one number of a report is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MetricColumn {
    /// Name in files and in the protocol.
    pub key: String,
    /// Name for readers.
    pub label: String,
    /// Unit, empty for a plain number.
    pub unit: String,
    /// Where it is drawn.
    pub chart: Chart,
    /// Whether a logarithmic axis reads better.
    pub log: bool,
    /// What it means, with its source.
    pub help: String,
}

/// Mean loss and share of right answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Mean cross-entropy, nats.
    pub loss: f64,
    /// Share of samples, or tokens, whose best-scored class is right.
    pub accuracy: f64,
    /// Share of samples whose tokens are all right, where that is asked.
    pub exact: Option<f64>,
}

impl Outcome {
    /// The loss in bits.
    fn bits(&self) -> f64 {
        self.loss / std::f64::consts::LN_2
    }
}

/// What the recipe prescribes for a matrix at the reported step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteMetrics {
    /// Factor D(j) on pruned weights.
    pub decay: f64,
    /// Weights kept per group.
    pub n: f64,
    /// Weights per group.
    pub m: f64,
}

/// What became of a lane's mask since it began to prune.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskChanges {
    /// Share of mask bits that differ from the first mask.
    pub distance: f64,
    /// Share of the weights that stood inside a reported mask at some time.
    pub ever_kept: f64,
}

impl MaskChanges {
    /// From the noise of the lane's measured matrices.
    pub fn of(noise: &Noise) -> Self {
        let all = noise.all();
        Self { distance: all.distance(), ever_kept: all.ever_kept_frac() }
    }
}

/// Everything measured of one lane at one report; `None` where nothing was measured.
#[derive(Clone, Copy, Debug)]
pub struct LaneMetrics {
    /// Mean over the steps since the last report.
    pub training: Option<Outcome>,
    /// On held-out data, with the mask and D as trained.
    pub validation: Option<Outcome>,
    /// On held-out data, hardened: under the target N:M mask with D = 0.
    pub validation_hard: Option<Outcome>,
    /// Whether the losses are those of characters.
    pub per_character: bool,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Feed-forward matrices.
    pub feed_forward: SiteMetrics,
    /// Attention matrices that are pruned in some lane.
    pub attention: Option<SiteMetrics>,
    /// Indicators over the matrices that are pruned in some lane.
    pub noise: Option<Noise>,
    /// The mask against earlier ones, once the lane prunes.
    pub masks: Option<MaskChanges>,
    /// Gradient over several batches at frozen weights.
    pub gradient_noise: Option<GradientNoise>,
    /// Cost of the steps made so far.
    pub spent: Spent,
    /// Groups of the hardened weights that keep more than N weights; counted after the last step.
    pub invalid_groups: Option<usize>,
}

/// A column and where its number comes from.
pub(super) struct Entry {
    column: MetricColumn,
    value: Box<dyn Fn(&LaneMetrics) -> f64>,
}

/// One row of the table.
pub(super) fn entry(
    chart: Chart,
    (key, label, unit): (&str, &str, &str),
    log: bool,
    help: &str,
    value: impl Fn(&LaneMetrics) -> Option<f64> + 'static,
) -> Entry {
    let [key, label, unit, help] = [key, label, unit, help].map(str::to_owned);
    let column = MetricColumn { key, label, unit, chart, log, help };
    Entry { column, value: Box::new(move |lane| value(lane).unwrap_or(f64::NAN)) }
}

fn outcomes() -> Vec<Entry> {
    use Chart::{Accuracy, Loss};
    vec![
        entry(
            Loss,
            ("train_loss", "Training loss", "nats"),
            false,
            "Mean cross-entropy over the training batches since the last report, with the masks as trained.",
            |lane| Some(lane.training?.loss),
        ),
        entry(
            Accuracy,
            ("train_accuracy", "Training accuracy", ""),
            false,
            "Share of right answers (images, or tokens of a text) over the training batches since the last report.",
            |lane| Some(lane.training?.accuracy),
        ),
        entry(
            Loss,
            ("val_loss", "Validation loss", "nats"),
            false,
            "Mean cross-entropy on held-out data with the mask and D as trained.",
            |lane| Some(lane.validation?.loss),
        ),
        entry(
            Accuracy,
            ("val_accuracy", "Validation accuracy", ""),
            false,
            "Share of right answers (images, or tokens of a text) on held-out data with the mask and D as trained.",
            |lane| Some(lane.validation?.accuracy),
        ),
        entry(
            Loss,
            ("val_loss_hard", "Validation loss, hardened", "nats"),
            false,
            "Mean cross-entropy on held-out data, hardened: under the target N:M mask with D = 0.",
            |lane| Some(lane.validation_hard?.loss),
        ),
        entry(
            Accuracy,
            ("val_accuracy_hard", "Validation accuracy, hardened", ""),
            false,
            "Share of right answers on held-out data, hardened: under the target N:M mask with D = 0.",
            |lane| Some(lane.validation_hard?.accuracy),
        ),
    ]
}

/// What only text has.
fn text() -> Vec<Entry> {
    use Chart::{Accuracy, Loss};
    vec![
        entry(
            Loss,
            ("val_bits", "Validation bits per character", "bits"),
            false,
            "Validation loss of a text in bits per character (loss / ln 2), with the mask and D as trained.",
            |lane| Some(lane.validation.filter(|_| lane.per_character)?.bits()),
        ),
        entry(
            Loss,
            ("val_bits_hard", "Validation bits per character, hardened", "bits"),
            false,
            "Validation loss of a text in bits per character, hardened: under the target N:M mask with D = 0.",
            |lane| Some(lane.validation_hard.filter(|_| lane.per_character)?.bits()),
        ),
        entry(
            Accuracy,
            ("val_exact", "Exact match", ""),
            false,
            "Share of held-out texts that greedy decoding translates without a mistake, with the mask and D as trained.",
            |lane| lane.validation?.exact,
        ),
        entry(
            Accuracy,
            ("val_exact_hard", "Exact match, hardened", ""),
            false,
            "Share of held-out texts that greedy decoding translates without a mistake, hardened: under the target N:M \
             mask with D = 0.",
            |lane| lane.validation_hard?.exact,
        ),
    ]
}

fn schedule() -> Vec<Entry> {
    use Chart::Schedule;
    vec![
        entry(Schedule, ("learning_rate", "Learning rate", ""), false, "AdamW's rate at the last step.", |lane| {
            Some(lane.learning_rate)
        }),
        entry(
            Schedule,
            ("ff_decay", "D, feed-forward", ""),
            false,
            "Mask decay factor D(j): pruned weights count D times in the forward pass (paper section 3).",
            |lane| Some(lane.feed_forward.decay),
        ),
        entry(Schedule, ("ff_n", "N, feed-forward", "weights"), false, "Weights kept per group.", |lane| {
            Some(lane.feed_forward.n)
        }),
        entry(Schedule, ("ff_m", "M, feed-forward", "weights"), false, "Weights per group.", |lane| {
            Some(lane.feed_forward.m)
        }),
        entry(
            Schedule,
            ("ff_density", "Density, feed-forward", ""),
            false,
            "N / M: share of the weights inside the mask, whatever D is.",
            |lane| Some(lane.feed_forward.n / lane.feed_forward.m),
        ),
        entry(
            Schedule,
            ("attention_decay", "D, attention", ""),
            false,
            "Mask decay factor of the pruned attention matrices.",
            |lane| Some(lane.attention?.decay),
        ),
        entry(
            Schedule,
            ("attention_density", "Density, attention", ""),
            false,
            "N / M of the pruned attention matrices.",
            |lane| lane.attention.map(|site| site.n / site.m),
        ),
    ]
}

/// How the masks move.
fn masks() -> Vec<Entry> {
    use Chart::Schedule;
    vec![
        entry(
            Schedule,
            ("mask_flip_rate", "Mask flip rate", ""),
            true,
            "Share of mask bits that changed since the last report.",
            |lane| Some(lane.noise?.all().flip_rate()),
        ),
        entry(
            Schedule,
            ("mask_distance", "Distance from the first mask", ""),
            false,
            "Share of mask bits that differ from the lane's first mask: sparse architecture divergence (Zhou et al. 2021).",
            |lane| Some(lane.masks?.distance),
        ),
        entry(
            Schedule,
            ("ever_kept", "Weights ever kept", ""),
            false,
            "Share of the weights that a mask has kept since pruning began, looked at once per report.",
            |lane| Some(lane.masks?.ever_kept),
        ),
    ]
}

/// Totals since the first step, which also serve as x axes: iso-FLOPs and average density.
fn cost() -> Vec<Entry> {
    use Chart::Cost;
    vec![
        entry(
            Cost,
            ("train_gflop_honest", "Training FLOPs, honest", "GFLOP"),
            false,
            "Cumulative FLOPs of the linear maps and attention products. Forward pass and input gradient count N/M of \
             a hard-masked matrix and all of it while D > 0; the weight gradient counts N/M only when pruned weights \
             get none.",
            |lane| Some(lane.spent.flops.honest / 1e9),
        ),
        entry(
            Cost,
            ("train_gflop_ideal", "Training FLOPs, ideal", "GFLOP"),
            false,
            "Cumulative FLOPs if every product of a sparse matrix cost N/M of the mask F, whatever D and the gradient \
             rule are.",
            |lane| Some(lane.spent.flops.ideal / 1e9),
        ),
        entry(
            Cost,
            ("average_density", "Average density", ""),
            false,
            "Share of the blocks' matrix weights inside the mask F, averaged over the steps so far.",
            |lane| Some(lane.spent.average_density()),
        ),
        entry(
            Cost,
            ("average_active", "Average active share", ""),
            false,
            "Share of the blocks' matrix weights that took part in the forward pass, averaged over the steps so far: \
             all of them while D > 0.",
            |lane| Some(lane.spent.average_active()),
        ),
        entry(
            Cost,
            ("invalid_groups", "Groups that are not N:M", "groups"),
            false,
            "Groups of the hardened weights with more than N non-zero weights, counted after the last step: 0 is valid.",
            |lane| lane.invalid_groups.map(|groups| groups as f64),
        ),
    ]
}

fn entries() -> Vec<Entry> {
    outcomes()
        .into_iter()
        .chain(text())
        .chain(schedule())
        .chain(masks())
        .chain(cost())
        .chain(noise())
        .chain(gradient_noise())
        .collect()
}

/// What the numbers of [`row`] are, in order.
pub fn columns() -> Vec<MetricColumn> {
    entries().into_iter().map(|entry| entry.column).collect()
}

/// The numbers of one lane at one report, NaN where nothing was measured.
pub fn row(lane: &LaneMetrics) -> Vec<f64> {
    entries().iter().map(|entry| (entry.value)(lane)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_every_column_explains_itself() {
        let mut keys: Vec<String> = columns().into_iter().map(|column| column.key).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(columns().iter().all(|column| column.help.ends_with('.') && !column.label.is_empty()));
    }

    #[test]
    fn a_row_holds_what_was_measured_and_nan_elsewhere() {
        let lane = LaneMetrics {
            training: Some(Outcome { loss: 2.0, accuracy: 0.25, exact: None }),
            validation: None,
            validation_hard: None,
            per_character: true,
            learning_rate: 1e-3,
            feed_forward: SiteMetrics { decay: 0.5, n: 1.0, m: 16.0 },
            attention: None,
            noise: None,
            masks: None,
            gradient_noise: None,
            spent: Spent::default(),
            invalid_groups: None,
        };
        let row: std::collections::HashMap<_, _> =
            columns().into_iter().map(|column| column.key).zip(row(&lane)).collect();
        assert_eq!((row["train_loss"], row["ff_density"], row["ff_decay"]), (2.0, 0.0625, 0.5));
        assert!(row["val_loss"].is_nan() && row["v_sum_all"].is_nan() && row["attention_decay"].is_nan());
    }
}
