//! Products, norms, attention and loss.

use crate::common::{assert_near, cpu, gpu, random, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{Affine, AttentionSpan, Buffer, HeadShape, LaneOps, Norm, Tile, buffer, packed};

const TOLERANCE: f32 = 3e-5;

/// Runs `op` on both devices and compares everything it returns.
async fn compare(what: &str, op: impl Fn(&Device) -> Vec<Buffer>) {
    let Some(gpu) = gpu().await else { return };
    for (i, (ours, reference)) in op(&gpu).into_iter().zip(op(&cpu())).enumerate() {
        assert_near(&values(ours).await, &values(reference).await, TOLERANCE, &format!("{what}, output {i}"));
    }
}

/// One vector of rows, ragged tiles, a width that is no multiple of the tile, many lanes, a shared input, and more than
/// one tile of workgroup memory along each side.
const SHAPES: [(usize, usize, usize, usize); 7] = [
    (1, 4, 4, 4),
    (3, 20, 12, 20),
    (2, 12, 64, 36),
    (5, 72, 20, 12),
    (2, 20, 24, 40),
    (2, 136, 20, 44),
    (2, 36, 48, 32),
];

/// All shapes with all tiles.
fn tiled_shapes() -> impl Iterator<Item = (usize, usize, usize, usize, Tile)> {
    let tiled = |(lanes, rows, inputs, outputs)| Tile::ALL.map(|tile| (lanes, rows, inputs, outputs, tile));
    SHAPES.into_iter().flat_map(tiled)
}

tests! {
    async fn affine_maps_match_the_reference() {
        for (lanes, rows, inputs, outputs, tile) in tiled_shapes() {
            for (x_lanes, bias_rows) in [(lanes, 1), (1, rows)] {
                let at = Affine { offset: 8, inputs, outputs, bias_rows, packed: None, tile };
                let parameters = 8 + at.len() + 4;
                compare(&format!("linear {lanes}x{rows}x{inputs}x{outputs}, {tile:?}"), |device| {
                    let x = random(&[x_lanes, inputs, rows], "x", device);
                    let weights = random(&[lanes, parameters], "weights", device);
                    let columns = packed::unpacked(lanes, outputs, device);
                    let grads = random(&[lanes, parameters], "grads", device);
                    let dy = random(&[lanes, outputs, rows], "dy", device);
                    let y = Dispatch::linear(&x, &weights, &columns, at);
                    vec![y, Dispatch::linear_grad_weight(&x, &dy, grads, at)]
                })
                .await;
            }
        }
    }

    async fn fused_affine_maps_match_the_reference() {
        for (lanes, rows, inputs, outputs, tile) in tiled_shapes() {
            let at = Affine { offset: 8, inputs, outputs, bias_rows: 1, packed: None, tile };
            let parameters = 8 + at.len() + 4;
            compare(&format!("fused linear {lanes}x{rows}x{inputs}x{outputs}, {tile:?}"), |device| {
                let x = random(&[lanes, inputs, rows], "x", device);
                let weights = random(&[lanes, parameters], "weights", device);
                let lines = packed::unpacked(lanes, inputs.max(outputs), device);
                let residual = random(&[lanes, outputs, rows], "residual", device);
                let grads = || random(&[lanes, parameters], "grads", device);
                let dy = random(&[lanes, outputs, rows], "dy", device);
                let z = random(&[lanes, inputs, rows], "z", device);
                let (hidden, activated) = Dispatch::linear_gelu(&x, &weights, &lines, at);
                let (dx, grads_of_x) = Dispatch::linear_grad(&x, &dy, &weights, &lines, grads(), at);
                let (dz, grads_of_z) = Dispatch::linear_grad_gelu(&x, &dy, &weights, &lines, &z, grads(), at);
                let sum = Dispatch::linear_add(&x, &weights, &lines, at, &residual);
                vec![hidden, activated, sum, dx, grads_of_x, dz, grads_of_z]
            })
            .await;
        }
    }

    async fn layer_norms_match_the_reference() {
        for (lanes, rows, features) in [(1, 4, 4), (3, 72, 20)] {
            let at = Norm { offset: 4, features };
            compare("layer norm", |device| {
                let x = random(&[lanes, features, rows], "x", device);
                let dy = random(&[lanes, features, rows], "dy", device);
                let residual = random(&[lanes, features, rows], "residual", device);
                let weights = random(&[lanes, 4 + at.len()], "weights", device);
                let grads = || random(&[lanes, 4 + at.len()], "grads", device);
                let (y, stats) = Dispatch::layer_norm(&x, &weights, at);
                let (dx, plain) = Dispatch::layer_norm_grad(&dy, &x, &stats, &weights, grads(), at);
                let (sum, added) =
                    Dispatch::layer_norm_grad_add(&dy, &x, &stats, &weights, &residual, grads(), at);
                vec![y, stats, dx, plain, sum, added]
            })
            .await;
        }
    }

    async fn attention_matches_the_reference() {
        let windows = |shift| AttentionSpan::Windows { across: 5, side: 2, shift };
        let shapes = [
            (1, 1, 4, AttentionSpan::Full),
            (16, 2, 8, AttentionSpan::Full),
            (17, 2, 16, AttentionSpan::Full),
            (17, 2, 16, AttentionSpan::Causal),
            (32, 2, 16, AttentionSpan::Causal),
            (20, 2, 8, AttentionSpan::Causal),
            (20, 1, 4, windows(0)),
            (20, 3, 4, windows(1)),
        ];
        // One, two and four vectors of rows: sequences are not always whole vectors, nor their rows a multiple of eight.
        let cut = [(4, Tile::Narrow), (4, Tile::Broad), (8, Tile::Broad)];
        for ((tokens, heads, head_dim, span), (batch, tile)) in
            shapes.into_iter().flat_map(|shape| cut.map(|cut| (shape, cut)))
        {
            let shape = HeadShape { batch, tokens, keys: tokens, heads, head_dim, span, tile };
            let rows = shape.batch * shape.tokens;
            compare("attention", |device| {
                let qkv = random(&[2, 3 * shape.width(), rows], "qkv", device);
                let d_context = random(&[2, shape.width(), rows], "d_context", device);
                let (context, log_sum_exp) = Dispatch::attention(&qkv, shape);
                let d_qkv = Dispatch::attention_grad(&d_context, &qkv, &context, &log_sum_exp, shape);
                vec![context, log_sum_exp, d_qkv]
            })
            .await;
        }
    }

    async fn cross_attention_matches_the_reference() {
        let tiled = [(4, Tile::Narrow), (4, Tile::Broad), (8, Tile::Broad)];
        let shapes = [(5, 13), (13, 5), (10, 5), (16, 32)].into_iter().flat_map(|lengths| tiled.map(|tiled| (lengths, tiled)));
        for ((tokens, keys), (batch, tile)) in shapes {
            let span = AttentionSpan::Full;
            let shape = HeadShape { batch, tokens, keys, heads: 2, head_dim: 8, span, tile };
            let (rows, key_rows, width) = (batch * tokens, batch * keys, shape.width());
            compare("cross-attention", |device| {
                let q = random(&[2, width, rows], "q", device);
                let kv = random(&[2, 2 * width, key_rows], "kv", device);
                let d_context = random(&[2, width, rows], "d_context", device);
                let (context, log_sum_exp) = Dispatch::cross_attention(&q, &kv, shape);
                let (d_q, d_kv) = Dispatch::cross_attention_grad(&d_context, &q, &kv, &context, &log_sum_exp, shape);
                vec![context, log_sum_exp, d_q, d_kv]
            })
            .await;
        }
    }

    async fn one_hot_columns_match_the_reference() {
        compare("one-hot", |device| {
            let ids = buffer::upload((0..3 * 8).map(|i| ((i * 5) % 12) as f32).collect(), [3, 8], device);
            vec![Dispatch::one_hot(&ids, 12)]
        })
        .await;
    }

    async fn pooling_matches_the_reference() {
        compare("mean pool", |device| {
            let x = random(&[2, 8, 28], "x", device);
            let dy = random(&[2, 8, 4], "dy", device);
            vec![Dispatch::mean_pool(&x, 7), Dispatch::mean_pool_grad(&dy, 7)]
        })
        .await;
    }

    async fn cross_entropy_matches_the_reference() {
        for target_lanes in [1, 3] {
            compare("cross entropy", |device| {
                // The last two rows of 72 only pad, and some in between have no label.
                let logits = random(&[3, 12, 72], "logits", device);
                let target = |i: usize| match (i / 72 % 2, i % 72) {
                    (0, row) => ((row * 7) % 10) as f32,
                    (_, row) if row < 70 && row % 9 != 3 => (1 + row % 3) as f32 / 64.0,
                    _ => 0.0,
                };
                let targets = (0..target_lanes * 2 * 72).map(target).collect();
                let targets = buffer::upload(targets, [target_lanes, 2, 72], device);
                let (d_logits, outcome) = Dispatch::cross_entropy(&logits, &targets, 10);
                vec![d_logits, outcome]
            })
            .await;
        }
    }
}
