//! Products, norms, attention and loss.

use crate::common::{assert_near, cpu, gpu, random, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{Affine, Buffer, HeadShape, LaneOps, Norm, buffer};

const TOLERANCE: f32 = 3e-5;

/// Runs `op` on both devices and compares everything it returns.
async fn compare(what: &str, op: impl Fn(&Device) -> Vec<Buffer>) {
    let Some(gpu) = gpu().await else { return };
    for (i, (ours, reference)) in op(&gpu).into_iter().zip(op(&cpu())).enumerate() {
        assert_near(&values(ours).await, &values(reference).await, TOLERANCE, &format!("{what}, output {i}"));
    }
}

/// One row, ragged tiles, a column width that is no multiple of the tile, many lanes, a shared input.
const SHAPES: [(usize, usize, usize, usize); 4] = [(1, 1, 4, 4), (3, 17, 12, 20), (2, 9, 64, 36), (5, 70, 20, 12)];

tests! {
    async fn affine_maps_match_the_reference() {
        for (lanes, rows, inputs, outputs) in SHAPES {
            for (x_lanes, bias_rows) in [(lanes, 1), (1, rows)] {
                let at = Affine { offset: 8, inputs, outputs, bias_rows };
                let parameters = 8 + at.len() + 4;
                compare(&format!("linear {lanes}x{rows}x{inputs}x{outputs}"), |device| {
                    let x = random(&[x_lanes, rows, inputs], "x", device);
                    let weights = random(&[lanes, parameters], "weights", device);
                    let residual = random(&[lanes, rows, outputs], "residual", device);
                    let grads = random(&[lanes, parameters], "grads", device);
                    let dy = random(&[lanes, rows, outputs], "dy", device);
                    let z = random(&[lanes, rows, inputs], "z", device);
                    let (hidden, activated) = Dispatch::linear_gelu(&x, &weights, at);
                    vec![
                        Dispatch::linear(&x, &weights, at),
                        hidden,
                        activated,
                        Dispatch::linear_add(&x, &weights, at, &residual),
                        Dispatch::linear_grad_input(&dy, &weights, at),
                        Dispatch::linear_grad_input_gelu(&dy, &weights, at, &z),
                        Dispatch::linear_grad_weight(&x, &dy, grads, at),
                    ]
                })
                .await;
            }
        }
    }

    async fn layer_norms_match_the_reference() {
        for (lanes, rows, features) in [(1, 1, 4), (3, 70, 20)] {
            let at = Norm { offset: 4, features };
            compare("layer norm", |device| {
                let x = random(&[lanes, rows, features], "x", device);
                let dy = random(&[lanes, rows, features], "dy", device);
                let residual = random(&[lanes, rows, features], "residual", device);
                let weights = random(&[lanes, 4 + at.len()], "weights", device);
                let grads = random(&[lanes, 4 + at.len()], "grads", device);
                let (y, stats) = Dispatch::layer_norm(&x, &weights, at);
                vec![
                    Dispatch::layer_norm_grad_input(&dy, &x, &stats, &weights, at),
                    Dispatch::layer_norm_grad_input_add(&dy, &x, &stats, &weights, at, &residual),
                    Dispatch::layer_norm_grad_weight(&dy, &x, &stats, grads, at),
                    y,
                    stats,
                ]
            })
            .await;
        }
    }

    async fn attention_matches_the_reference() {
        for shape in [
            HeadShape { batch: 1, tokens: 1, heads: 1, head_dim: 4 },
            HeadShape { batch: 3, tokens: 17, heads: 2, head_dim: 16 },
        ] {
            let rows = shape.batch * shape.tokens;
            compare("attention", |device| {
                let qkv = random(&[2, rows, 3 * shape.width()], "qkv", device);
                let d_context = random(&[2, rows, shape.width()], "d_context", device);
                let (context, log_sum_exp) = Dispatch::attention(&qkv, shape);
                let d_qkv = Dispatch::attention_grad(&d_context, &qkv, &context, &log_sum_exp, shape);
                vec![context, log_sum_exp, d_qkv]
            })
            .await;
        }
    }

    async fn pooling_matches_the_reference() {
        compare("mean pool", |device| {
            let x = random(&[2, 21, 8], "x", device);
            let dy = random(&[2, 3, 8], "dy", device);
            vec![Dispatch::mean_pool(&x, 7), Dispatch::mean_pool_grad(&dy, 7)]
        })
        .await;
    }

    async fn cross_entropy_matches_the_reference() {
        for label_lanes in [1, 3] {
            compare("cross entropy", |device| {
                let logits = random(&[3, 70, 12], "logits", device);
                let labels = (0..label_lanes * 70).map(|i| ((i * 7) % 10) as f32).collect();
                let labels = buffer::upload(labels, [label_lanes, 70], device);
                let (d_logits, outcome) = Dispatch::cross_entropy(&logits, &labels, 10);
                vec![d_logits, outcome]
            })
            .await;
        }
    }
}
