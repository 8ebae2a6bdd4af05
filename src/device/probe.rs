//! Short timed products on a device: how fast it is, and from which density on packed N:M products pay.

use std::sync::OnceLock;

use burn::backend::Dispatch;
use burn::tensor::Device;
use web_time::Instant;

use crate::kernels::{
    Affine, Buffer, LaneOps, MaskGrid, PackGrid, PackedAt, PackedLanes, Products, PrunableMatrix, Segment, SegmentKind,
    Tile, Weights, buffer, packed, plan, plan::Rule,
};

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
const INPUTS: usize = 64;
const OUTPUTS: usize = 256;
const ROWS: usize = 512;
const KIND: SegmentKind = SegmentKind::Ff1;
/// Products in one timing: enough to hide the latency of reading one number back.
const PRODUCTS: usize = 4;
/// Timings of which the best counts, after one that compiles the kernel.
const ROUNDS: usize = 3;
/// A GPU that takes longer than this for a timing, at under 13 GFLOP/s, is a software adapter. Those execute barriers
/// as coroutines: trying workgroup memory there would only delay the first step.
const SOFTWARE_MS: f64 = 5.0;
/// Patterns tried, densest first.
const PATTERNS: [(usize, usize); 4] = [(2, 4), (1, 4), (1, 8), (1, 16)];

async fn measure(device: &Device) -> Result<Probe, String> {
    let packed = Some(PackedAt::new(0, 0, KIND, 1));
    let at = Affine { offset: 0, inputs: INPUTS, outputs: OUTPUTS, bias_rows: 1, packed, tile: Tile::default() };
    let x = buffer::upload(vec![0.01; INPUTS * ROWS], [1, INPUTS, ROWS], device);
    let values = buffer::upload(vec![0.01; at.len()], [1, at.len()], device);
    let unpacked = [OUTPUTS, INPUTS].map(|lines| packed::unpacked(1, lines, device));
    let dense = |tile| Weights::dense(values.clone(), unpacked.clone().into(), tile);
    let narrow_ms = fastest(&x, &[dense(Tile::Narrow)], at, 1).await?[0];
    let tiles: &[Tile] = if cpu(device) {
        // There is nothing to choose: sums are cut up in one way.
        &[Tile::Narrow]
    } else if narrow_ms > SOFTWARE_MS {
        &[Tile::Narrow, Tile::Wide]
    } else {
        &Tile::ALL
    };
    let times = fastest(&x, &tiles.iter().map(|tile| dense(*tile)).collect::<Vec<_>>(), at, ROUNDS).await?;
    let (dense_ms, tile) = times.into_iter().zip(tiles).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are tiles");
    let mut packed_ms = Vec::new();
    for (n, m) in PATTERNS.into_iter().rev() {
        let sparse = pruned(&values, at, n, m, device);
        packed_ms.push(fastest(&x, &[sparse], at, ROUNDS).await?[0]);
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

/// Best time of [`PRODUCTS`] products with each of `weights` in `rounds` rounds, in milliseconds. They take turns, so
/// that what else the machine does meets all of them.
async fn fastest(x: &Buffer, weights: &[Weights], at: Affine, rounds: usize) -> Result<Vec<f64>, String> {
    let mut best = vec![f64::INFINITY; weights.len()];
    for round in 0..=rounds {
        for (weights, best) in weights.iter().zip(&mut best) {
            let start = Instant::now();
            let product = || Dispatch::linear(x, &weights.values, &weights.columns, weights.of(at));
            let last = (1..PRODUCTS).fold(product(), |_, _| product());
            // Pooling over all rows makes the read-back short.
            let values = buffer::read(Dispatch::mean_pool(&last, ROWS)).await?;
            if !values.iter().all(|value| value.is_finite()) {
                return Err("the test products are not finite".into());
            }
            if round > 0 {
                *best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    Ok(best)
}

/// The matrix of `at` pruned to N:M along its inputs, and packed.
fn pruned(values: &Buffer, at: Affine, n: usize, m: usize, device: &Device) -> Weights {
    let kind = KIND;
    let rule = Rule { n, m, along_inputs: true, packed: true, ..Rule::DENSE };
    let rules = rule.only(kind);
    let plan = buffer::upload(plan::row_of(&rules), [1, plan::WIDTH], device);
    let segment = Segment { offset: 0, rows: at.inputs, cols: at.outputs, stride: at.outputs, kind };
    let table = buffer::upload_table(Segment::table(&[segment]), device);
    let grid = MaskGrid::new(&[segment], &[rules]);
    // Weights come from `values`, so what the selection leaves unwritten behind the matrix is never read.
    let (mask, _) = Dispatch::select_masks(values, values, &plan, table, grid);
    let packed = at.packed.expect("the matrix is prunable");
    let matrix = PrunableMatrix { offset: 0, inputs: at.inputs, outputs: at.outputs, packed };
    let table = buffer::upload_table(matrix.words().to_vec(), device);
    let grid = PackGrid { matrices: 1, column_lines: at.outputs, row_lines: at.inputs };
    let (columns, rows) = Dispatch::pack(values, &mask, &plan, table, grid);
    Weights { values: values.clone(), columns, rows, packed: PackedLanes::of(&[rules]), tile: at.tile }
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
