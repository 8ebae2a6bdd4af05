//! Short timed products on a device: how fast it is, and from which density on packed N:M products pay.

use std::sync::OnceLock;

use burn::backend::Dispatch;
use burn::tensor::Device;
use web_time::Instant;

use crate::kernels::{
    Affine, Buffer, LaneOps, MaskGrid, PackGrid, PackedAt, PrunableMatrix, Segment, SegmentKind, Weights, buffer,
    packed, plan, plan::Rule,
};

/// What a device's probe measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Best time of the dense products, in milliseconds.
    pub dense_ms: f64,
    /// Highest density of the tried patterns at which packed products beat dense ones, 0 if none did.
    pub packed_density: f64,
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
/// Products in one timing: enough to hide the latency of reading one number back.
const PRODUCTS: usize = 4;
/// Timings of which the best counts, after one that compiles the kernel.
const ROUNDS: usize = 3;
/// Patterns tried, densest first.
const PATTERNS: [(usize, usize); 4] = [(2, 4), (1, 4), (1, 8), (1, 16)];

async fn measure(device: &Device) -> Result<Probe, String> {
    let packed = Some(PackedAt { column_line: 0, row_line: 0 });
    let at = Affine { offset: 0, inputs: INPUTS, outputs: OUTPUTS, bias_rows: 1, packed };
    let x = buffer::upload(vec![0.01; INPUTS * ROWS], [1, INPUTS, ROWS], device);
    let mut packed_density = 0.0;
    let dense = Weights {
        values: buffer::upload(vec![0.01; at.len()], [1, at.len()], device),
        columns: packed::unpacked(1, OUTPUTS, device),
        rows: packed::unpacked(1, INPUTS, device),
    };
    let dense_ms = product_ms(&x, &dense, at).await?;
    for (n, m) in PATTERNS.into_iter().rev() {
        let sparse = pruned(&dense.values, at, n, m, device);
        if product_ms(&x, &sparse, at).await? >= dense_ms {
            break;
        }
        packed_density = n as f64 / m as f64;
    }
    Ok(Probe { dense_ms, packed_density })
}

/// Best time of [`PRODUCTS`] products, in milliseconds.
async fn product_ms(x: &Buffer, weights: &Weights, at: Affine) -> Result<f64, String> {
    let mut best = f64::INFINITY;
    for round in 0..=ROUNDS {
        let start = Instant::now();
        let product = || Dispatch::linear(x, &weights.values, &weights.columns, at);
        let last = (1..PRODUCTS).fold(product(), |_, _| product());
        // Pooling over all rows makes the read-back short.
        let values = buffer::read(Dispatch::mean_pool(&last, ROWS)).await?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err("the test products are not finite".into());
        }
        if round > 0 {
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(best)
}

/// The matrix of `at` pruned to N:M along its inputs, and packed.
fn pruned(values: &Buffer, at: Affine, n: usize, m: usize, device: &Device) -> Weights {
    let kind = SegmentKind::Ff1;
    let rule = Rule { n, m, along_inputs: true, packed: true, ..Rule::DENSE };
    let rules = rule.only(kind);
    let plan = buffer::upload(plan::row_of(&rules), [1, plan::WIDTH], device);
    let segment = Segment { offset: 0, rows: at.inputs, cols: at.outputs, stride: at.outputs, kind };
    let table = buffer::upload_table(Segment::table(&[segment]), device);
    let grid = MaskGrid::new(&[segment], &[rules]);
    // Weights come from `values`, so what the selection leaves unwritten behind the matrix is never read.
    let (mask, _) = Dispatch::select_masks(values, values, &plan, table, grid);
    let packed = at.packed.expect("the matrix is prunable");
    let matrix = PrunableMatrix { offset: 0, inputs: at.inputs, outputs: at.outputs, kind, parts: 1, packed };
    let table = buffer::upload_table(matrix.words().to_vec(), device);
    let grid = PackGrid { matrices: 1, column_lines: at.outputs, row_lines: at.inputs };
    let (columns, rows) = Dispatch::pack(values, &mask, &plan, table, grid);
    Weights { values: values.clone(), columns, rows }
}
