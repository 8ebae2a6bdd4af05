//! Short timed products on a device: how fast it is, and from which density on packed N:M products pay.

use std::sync::OnceLock;

use burn::tensor::Device;

use super::{Case, Kernel, Shape};
use crate::kernels::{Products, Tile};
use crate::pattern::NmPattern;

/// What a device's probe measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Best time of the dense products, in milliseconds.
    pub dense_ms: f64,
    /// How it multiplies fastest.
    pub products: Products,
}

/// The CPU's probe, made once.
///
/// # Errors
/// What the products ran into.
pub async fn of_cpu() -> Result<Probe, String> {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    cached(&PROBE, &Device::flex()).await
}

/// The probe of the one GPU, made once.
///
/// # Errors
/// What the products ran into.
pub async fn of_gpu(device: &Device) -> Result<Probe, String> {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    cached(&PROBE, device).await
}

fn cpu(device: &Device) -> bool {
    *device == Device::flex()
}

/// How `device` multiplies fastest.
///
/// # Errors
/// What the products ran into.
pub async fn products(device: &Device) -> Result<Products, String> {
    let probe = if cpu(device) { of_cpu().await } else { of_gpu(device).await };
    Ok(probe?.products)
}

async fn cached(cell: &OnceLock<Probe>, device: &Device) -> Result<Probe, String> {
    if let Some(probe) = cell.get() {
        return Ok(*probe);
    }
    let probe = measure(device).await?;
    Ok(*cell.get_or_init(|| probe))
}

/// A feed-forward product of a small model: enough work to time, little enough not to be felt.
const SHAPE: Shape = Shape { rows: 512, inputs: 64, outputs: 256 };
/// Products in one timing: enough to hide the latency of reading one number back.
const PRODUCTS: u32 = 4;
/// Timings of which the best counts, after one that compiles the kernel.
const ROUNDS: usize = 5;
/// A GPU that takes longer than this for a timing, at under 13 GFLOP/s, is a software adapter. Those execute barriers
/// as coroutines: trying workgroup memory there would only delay the first step.
const SOFTWARE_MS: f64 = 5.0;
/// Patterns tried, densest first.
const PATTERNS: [(usize, usize); 4] = [(2, 4), (1, 4), (1, 8), (1, 16)];

async fn measure(device: &Device) -> Result<Probe, String> {
    let case = |pattern, tile| Case::new(Kernel::Product(pattern), SHAPE, tile, device);
    let dense = |tile: &Tile| case(NmPattern::DENSE, *tile);
    let narrow_ms = fastest(&[dense(&Tile::Narrow)], 1).await?[0];
    let tiles: &[Tile] = if cpu(device) {
        // There is nothing to choose: sums are cut up in one way.
        &[Tile::Narrow]
    } else if narrow_ms > SOFTWARE_MS {
        &[Tile::Narrow, Tile::Broad]
    } else {
        &[Tile::Narrow, Tile::Wide, Tile::Shared]
    };
    let times = fastest(&tiles.iter().map(dense).collect::<Vec<_>>(), ROUNDS).await?;
    let (dense_ms, tile) = times.into_iter().zip(tiles).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are tiles");
    let mut packed_ms = Vec::new();
    for (n, m) in PATTERNS.into_iter().rev() {
        let pattern = NmPattern::new(n, m).expect("the probe's patterns are valid");
        packed_ms.push(fastest(&[case(pattern, *tile)], ROUNDS).await?[0]);
        if packed_ms.last() >= Some(&dense_ms) {
            break;
        }
    }
    Ok(Probe { dense_ms, products: Products { packed_density: packed_density(dense_ms, &packed_ms), tile: *tile } })
}

/// Density up to which packed products pay, from their times by pattern, sparsest first: that of the last one which beat
/// the dense product before one did not.
fn packed_density(dense_ms: f64, packed_ms: &[f64]) -> f64 {
    let paying = packed_ms.iter().zip(PATTERNS.iter().rev()).take_while(|(ms, _)| **ms < dense_ms);
    paying.last().map_or(0.0, |(_, (n, m))| *n as f64 / *m as f64)
}

/// Best time of [`PRODUCTS`] launches of each case in `rounds` rounds, in milliseconds. They take turns, so that what
/// else the machine does meets all of them.
async fn fastest(cases: &[Case], rounds: usize) -> Result<Vec<f64>, String> {
    let mut best = vec![f64::INFINITY; cases.len()];
    for case in cases {
        // Compiles the kernel as well.
        case.check_product().await?;
    }
    for _ in 0..rounds {
        for (case, best) in cases.iter().zip(&mut best) {
            *best = best.min(case.time_ms(PRODUCTS).await? * f64::from(PRODUCTS));
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::packed_density;

    #[test]
    fn packed_products_pay_up_to_the_first_pattern_that_is_slower_than_dense() {
        // Milliseconds at 1:16, 1:8, 1:4 and 2:4.
        assert_eq!(packed_density(42.8, &[8.7, 13.6, 24.7, 53.2]), 0.25, "2:4 is slower than dense");
        assert_eq!(packed_density(42.8, &[8.7, 13.6, 24.7, 33.2]), 0.5);
        assert_eq!(packed_density(42.8, &[50.0]), 0.0);
        assert_eq!(
            packed_density(42.8, &[8.7, 43.0, 24.7, 33.2]),
            1.0 / 16.0,
            "1:8 does not pay, whatever comes after it"
        );
    }
}
