//! The gradient of weights and bias of an affine map for one lane.
//!
//! It sums over the rows, along which vectors lie, in four partial sums: each weight's gradient is an inner
//! product of its own, so kept weights alone get the same bits as among all.

use super::lines::{Kept, Lines};
use crate::kernels::Affine;
use wide::f32x4;

/// `dW = x dy^T` and `db`, written into the lane's flat gradient; with `kept`, `dW` of kept weights only.
pub fn weight_grad(x: &[f32], dy: &[f32], at: Affine, kept: Option<&Lines>, grads: &mut [f32]) {
    /// Rows that are summed at a time, so that the gradient's block stays in the cache.
    const CHUNK: usize = 256;
    let rows = dy.len() / at.outputs;
    let (dw, db) = grads[at.offset..][..at.len()].split_at_mut(at.inputs * at.outputs);
    for first in (0..rows).step_by(CHUNK) {
        let chunk = Chunk { x, dy, rows, first, len: CHUNK.min(rows - first) };
        let Some(lines) = kept else {
            chunk.add_all(at, dw);
            continue;
        };
        for (i, dw) in dw.chunks_exact_mut(at.outputs).enumerate() {
            chunk.add_kept(i, lines.kept(i).expect("a row with kept weights only is packed"), dw);
        }
    }
    bias_grad(dy, rows, at, db);
}

/// Some rows of the two factors of a weight gradient.
struct Chunk<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    rows: usize,
    first: usize,
    len: usize,
}

impl<'a> Chunk<'a> {
    #[inline(always)]
    fn x(&self, i: usize) -> &'a [f32] {
        &self.x[i * self.rows + self.first..][..self.len]
    }

    #[inline(always)]
    fn dy(&self, o: usize) -> &'a [f32] {
        &self.dy[o * self.rows + self.first..][..self.len]
    }

    /// Adds this chunk's share to `sum`; the first chunk's replaces it.
    #[inline(always)]
    fn add(&self, sum: &mut f32, share: f32) {
        *sum = if self.first == 0 { share } else { *sum + share };
    }

    /// All weights, in tiles of four inputs by two outputs.
    fn add_all(&self, at: Affine, dw: &mut [f32]) {
        for i in (0..at.inputs).step_by(4) {
            let x: [&[f32]; 4] = std::array::from_fn(|k| self.x(i + k));
            for o in (0..at.outputs).step_by(2) {
                let tile = dots(x, [self.dy(o), self.dy(o + 1)]);
                for (i, row) in (i..).zip(tile) {
                    for (o, share) in (o..).zip(row) {
                        self.add(&mut dw[i * at.outputs + o], share);
                    }
                }
            }
        }
    }

    /// Kept weights of row `i`.
    fn add_kept(&self, i: usize, kept: &[Kept], dw: &mut [f32]) {
        let (fours, rest) = kept.as_chunks::<4>();
        for four in fours {
            let [shares] = dots([self.x(i)], four.map(|kept| self.dy(kept.index)));
            for (kept, share) in four.iter().zip(shares) {
                self.add(&mut dw[kept.index], share);
            }
        }
        for kept in rest {
            let [[share]] = dots([self.x(i)], [self.dy(kept.index)]);
            self.add(&mut dw[kept.index], share);
        }
    }
}

/// Inner products of every `a` with every `b`, each in four partial sums; lengths are multiples of four.
#[inline(always)]
fn dots<const A: usize, const B: usize>(a: [&[f32]; A], b: [&[f32]; B]) -> [[f32; B]; A] {
    let len = a[0].len() / 4;
    let a = a.map(|a| &a.as_chunks::<4>().0[..len]);
    let b = b.map(|b| &b.as_chunks::<4>().0[..len]);
    let mut sums = [[f32x4::ZERO; B]; A];
    for k in 0..len {
        for i in 0..A {
            let a = f32x4::from(a[i][k]);
            for j in 0..B {
                sums[i][j] += a * f32x4::from(b[j][k]);
            }
        }
    }
    sums.map(|row| row.map(fold))
}

#[inline(always)]
fn fold(sum: f32x4) -> f32 {
    let [a, b, c, d] = sum.to_array();
    (a + c) + (b + d)
}

fn bias_grad(dy: &[f32], rows: usize, at: Affine, db: &mut [f32]) {
    for (o, line) in dy.chunks_exact(rows).enumerate() {
        if at.bias_rows == 1 {
            db[o] = fold(line.as_chunks::<4>().0.iter().fold(f32x4::ZERO, |sum, d| sum + f32x4::from(*d)));
            continue;
        }
        let mut sums = vec![0.0; at.bias_rows];
        for period in line.chunks(at.bias_rows) {
            for (sum, d) in sums.iter_mut().zip(period) {
                *sum += d;
            }
        }
        for (t, sum) in sums.iter().enumerate() {
            db[t * at.outputs + o] = *sum;
        }
    }
}
