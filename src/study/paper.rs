//! What the paper reports (arXiv 2402.04744, CPAL 2025), to stand beside the lab's own results and never among them.

use serde::Serialize;

/// A table of the paper.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PaperTable {
    /// Network, data and measure.
    pub title: &'static str,
    /// The dense network's result, as printed.
    pub dense: &'static str,
    /// Recipes, in the order of every row's values.
    pub recipes: &'static [&'static str],
    /// One row per sparsity.
    pub rows: &'static [PaperRow],
}

/// Results at one sparsity.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PaperRow {
    /// Patterns and where they are applied; the feed-forward matrices when nothing is said.
    pub sparsity: &'static str,
    /// Results as printed.
    pub values: &'static [&'static str],
}

const fn row(sparsity: &'static str, values: &'static [&'static str]) -> PaperRow {
    PaperRow { sparsity, values }
}

/// The paper's results.
pub static PAPER: [PaperTable; 4] = [
    PaperTable {
        title: "ViT-Base, ImageNet-1K, top-1 accuracy in %",
        dense: "76.389",
        recipes: &["SR-STE", "MdGf-Linear", "MdGf-Exponential", "SdGf-Stepwise", "SdGf-Geometric"],
        rows: &[
            row("2:4", &["77.761", "77.613", "76.381", "77.081", "77.363"]),
            row("1:4", &["78.782", "78.512", "78.579", "77.357", "78.347"]),
            row("1:8", &["77.869", "78.019", "78.009", "77.025", "78.175"]),
            row("1:16", &["75.637", "76.594", "77.325", "75.923", "76.869"]),
            row("1:32", &["73.056", "75.807", "76.068", "74.394", "74.910"]),
            row("1:128", &["72.069", "74.012", "74.180", "71.725", "69.801"]),
            row("1:8 FF + 1:8 QK", &["75.527", "76.473", "77.349", "76.617", "76.334"]),
        ],
    },
    PaperTable {
        title: "SwinV2-Base, ImageNet-1K, top-1 accuracy in %",
        dense: "83.45",
        recipes: &["SR-STE", "MdGf-Exponential", "SdGf-Stepwise", "SdGf-Geometric"],
        rows: &[
            row("1:4", &["82.355", "82.491", "82.267", "82.469"]),
            row("1:8", &["81.437", "81.466", "81.382", "81.382"]),
            row("1:16", &["80.154", "80.542", "80.386", "80.274"]),
            row("1:32", &["78.972", "79.545", "76.480", "79.277"]),
        ],
    },
    PaperTable {
        title: "T5X-Base, GLUE, mean score",
        dense: "86.2",
        recipes: &["SR-STE", "SdGf-Stepwise", "SdGf-Geometric"],
        rows: &[
            row("1:4", &["84.1", "83.7", "83.4"]),
            row("1:32", &["79.4", "80.9", "79.3"]),
            row("1:8 FF + 1:8 QKV", &["74.2", "79.5", "75.8"]),
        ],
    },
    PaperTable {
        title: "Encoder-decoder transformer, WMT, token accuracy",
        dense: ".747",
        recipes: &["SR-STE", "SdGf-Stepwise", "MdGf-Exponential"],
        rows: &[
            row("1:16", &[".709", ".717", ".717"]),
            row("1:32", &[".707", ".713", ".714"]),
            row("1:64", &[".707", ".710", ".711"]),
            row("1:128", &[".707", ".708", ".711"]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_number_for_every_recipe() {
        for table in &PAPER {
            assert!(table.dense.parse::<f64>().is_ok());
            for row in table.rows {
                assert_eq!(row.values.len(), table.recipes.len(), "{} {}", table.title, row.sparsity);
                assert!(row.values.iter().all(|value| value.parse::<f64>().is_ok()));
            }
        }
    }

    /// The paper's claim as its own numbers have it: from 1:16 on, MdGf-Exponential is above SR-STE.
    #[test]
    fn decay_is_ahead_of_srste_from_1_to_16_on() {
        let vit = &PAPER[0];
        let ahead = |row: &PaperRow| row.values[2].parse::<f64>().unwrap() > row.values[0].parse::<f64>().unwrap();
        let found: Vec<_> = vit.rows.iter().filter(|row| ahead(row)).map(|row| row.sparsity).collect();
        assert_eq!(found, ["1:8", "1:16", "1:32", "1:128", "1:8 FF + 1:8 QK"]);
    }
}
