//! The bench panel's comparison of dense and N:M products on one device.

use burn::tensor::Device;
use serde::Serialize;

use crate::device::{Case, Kernel, Shape};
use crate::error::LabError;
use crate::kernels::Tile;
use crate::pattern::NmPattern;

/// Median time of a product on one shape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KernelTiming {
    /// Weights kept per group.
    pub n: usize,
    /// Weights per group; equal to `n` for the dense product.
    pub m: usize,
    /// The product.
    pub shape: Shape,
    /// Median milliseconds.
    pub ms: f64,
    /// Timings behind the median.
    pub rounds: usize,
}

/// Products that the bench panel compares.
const PANEL_SHAPES: [Shape; 2] =
    [Shape { rows: 1024, inputs: 128, outputs: 512 }, Shape { rows: 2048, inputs: 256, outputs: 1024 }];
/// Patterns that it compares with the dense product: (N, M).
const PANEL_PATTERNS: [(usize, usize); 6] = [(1, 1), (2, 4), (1, 4), (1, 8), (1, 16), (1, 32)];
/// Timings per product.
const PANEL_ROUNDS: usize = 5;
/// A timing makes as many launches as fit into this, so that waiting for the device does not count.
const TIMING_MS: f64 = 40.0;
const MOST_REPEATS: f64 = 64.0;

/// Times the dense product and its N:M forms in turn, on all shapes; `report` gets the medians after every round,
/// and whether it was the last.
///
/// # Errors
/// [`LabError::Device`] when the device fails.
pub async fn compare(
    tile: Tile,
    device: &Device,
    mut report: impl FnMut(Vec<KernelTiming>, bool),
) -> Result<(), LabError> {
    let mut timed = Vec::new();
    for shape in PANEL_SHAPES {
        for (n, m) in PANEL_PATTERNS {
            let pattern = NmPattern::new(n, m).expect("the panel's patterns are valid");
            let case = Case::new(Kernel::Product(pattern), shape, tile, device);
            // The first launch compiles the kernel.
            case.time_ms(1).await.map_err(LabError::Device)?;
            let repeats =
                (TIMING_MS / case.time_ms(1).await.map_err(LabError::Device)?).clamp(1.0, MOST_REPEATS) as u32;
            timed.push((pattern, shape, case, repeats, Vec::new()));
        }
    }
    for round in 1..=PANEL_ROUNDS {
        for (_, _, case, repeats, times) in &mut timed {
            times.push(case.time_ms(*repeats).await.map_err(LabError::Device)?);
        }
        let timings = timed.iter().map(|(pattern, shape, _, _, times)| KernelTiming {
            n: pattern.n(),
            m: pattern.m(),
            shape: *shape,
            ms: median(times),
            rounds: round,
        });
        report(timings.collect(), round == PANEL_ROUNDS);
    }
    Ok(())
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_lies_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
