//! The tanh form of GELU (Hendrycks and Gimpel 2016, arXiv 1606.08415) and its derivative.

use crate::kernels::cpu::math::{EXP_LIMIT, GELU_CUBIC, GELU_SCALE};
use cubecl::prelude::*;

/// Logistic gate of the tanh form: `gelu(x) = x * gate(x)`.
#[cube]
pub fn gelu_gate<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let u = Vector::new(GELU_SCALE) * (x + Vector::new(GELU_CUBIC) * x * x * x);
    let exponent = clamp(Vector::new(-2.0f32) * u, Vector::new(-EXP_LIMIT), Vector::new(EXP_LIMIT));
    let one = Vector::new(1.0f32);
    one / (one + exponent.exp())
}

/// Derivative of GELU.
#[cube]
pub fn gelu_grad<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let gate = gelu_gate::<N>(x);
    let one = Vector::new(1.0f32);
    let du = Vector::new(GELU_SCALE) * (one + Vector::new(3.0f32 * GELU_CUBIC) * x * x);
    gate + x * gate * (one - gate) * Vector::new(2.0f32) * du
}
