use super::*;
use crate::kernels::cpu::testing::{assert_near, random};
use crate::kernels::{AttentionSpan, Tile};

/// Context in `f64`, `[width, rows]`, and log-sum-exp, `[heads, rows]`, of queries followed by keys and values.
fn reference(qkv: &[f64], shape: HeadShape) -> (Vec<f64>, Vec<f64>) {
    let (rows, key_rows) = (shape.batch * shape.tokens, shape.batch * shape.keys);
    let (width, dim) = (shape.width(), shape.head_dim);
    let (mut context, mut log_sum_exp) = (vec![0.0; width * rows], vec![0.0; shape.heads * rows]);
    let (q, kv) = qkv.split_at(width * rows);
    for row in 0..rows {
        let (sequence, query) = (row / shape.tokens, row % shape.tokens);
        let keys = || (0..shape.keys).filter(|key| shape.span.sees(query, *key)).map(|k| sequence * shape.keys + k);
        for head in 0..shape.heads {
            let at = |part: usize, d: usize, key: usize| kv[(part * width + head * dim + d) * key_rows + key];
            let q = |d: usize| q[(head * dim + d) * rows + row];
            let score = |key| (0..dim).map(|d| q(d) * at(0, d, key)).sum::<f64>() / (dim as f64).sqrt();
            let sum: f64 = keys().map(|key| score(key).exp()).sum();
            log_sum_exp[head * rows + row] = sum.ln();
            for d in 0..dim {
                context[(head * dim + d) * rows + row] = keys().map(|key| score(key).exp() / sum * at(1, d, key)).sum();
            }
        }
    }
    (context, log_sum_exp)
}

fn check(shape: HeadShape) {
    let (rows, key_rows, width) = (shape.batch * shape.tokens, shape.batch * shape.keys, shape.width());
    let (data, d_context) = (random(width * (rows + 2 * key_rows), "qkv"), random(width * rows, "d_context"));
    let qkv = Qkv::of_cross(&data[..width * rows], &data[width * rows..]);
    let (mut context, mut log_sum_exp) = (vec![0.0; width * rows], vec![0.0; shape.heads * rows]);
    attention(qkv, shape, &mut context, &mut log_sum_exp);
    let wide: Vec<f64> = data.iter().map(|x| f64::from(*x)).collect();
    let (truth, logs) = reference(&wide, shape);
    assert_near(&context, |e| truth[e]);
    assert_near(&log_sum_exp, |e| logs[e]);

    let mut d_data = vec![9.0; data.len()];
    let input = AttentionGradInput { d_context: &d_context, qkv, context: &context, log_sum_exp: &log_sum_exp };
    let (d_q, d_kv) = d_data.split_at_mut(width * rows);
    attention_grad(input, shape, d_q, d_kv);
    assert_near(&d_data, |e| {
        let moved = |by: f64| -> f64 {
            let mut moved = wide.clone();
            moved[e] += by;
            reference(&moved, shape).0.iter().zip(&d_context).map(|(c, d)| c * f64::from(*d)).sum()
        };
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    });
}

#[test]
fn attention_and_its_gradient_match_f64() {
    use AttentionSpan::{Causal, Full, Windows};
    for (batch, tokens, keys, heads, head_dim, span) in [
        (4, 5, 5, 2, 4, Full),
        (4, 17, 17, 1, 8, Full),
        (1, 16, 16, 2, 4, Full),
        (4, 1, 1, 1, 4, Full),
        (4, 11, 6, 2, 4, Full),
        (2, 3, 18, 1, 4, Full),
        (2, 19, 19, 1, 4, Causal),
        (4, 8, 8, 2, 4, Causal),
        (1, 16, 16, 1, 4, Windows { across: 4, side: 2, shift: 0 }),
        (2, 16, 16, 1, 4, Windows { across: 4, side: 2, shift: 1 }),
        (1, 18, 18, 1, 4, Windows { across: 6, side: 3, shift: 1 }),
    ] {
        check(HeadShape { batch, tokens, keys, heads, head_dim, span, tile: Tile::default() });
    }
}

#[test]
fn what_a_query_must_not_see_changes_nothing() {
    let shape = HeadShape {
        batch: 1,
        tokens: 9,
        keys: 9,
        heads: 1,
        head_dim: 4,
        span: AttentionSpan::Causal,
        tile: Tile::default(),
    };
    let mut qkv = random(3 * 4 * 9, "qkv");
    let contexts = |qkv: &[f32]| {
        let (mut context, mut logs) = (vec![0.0; 4 * 9], vec![0.0; 9]);
        attention(Qkv::of_self(qkv), shape, &mut context, &mut logs);
        context
    };
    let before = contexts(&qkv);
    // The last key and value of every feature; only the last query sees them.
    for feature in 4..12 {
        qkv[feature * 9 + 8] += 3.0;
    }
    let after = contexts(&qkv);
    let unchanged = |e: &usize| before[*e].to_bits() == after[*e].to_bits();
    assert!((0..36).filter(|e| e % 9 < 8).all(|e| unchanged(&e)) && !(0..4).all(|d| unchanged(&(d * 9 + 8))));
}
