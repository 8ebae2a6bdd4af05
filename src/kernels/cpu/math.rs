//! Transcendental functions that give the same bits on every platform.

use wide::{f32x8, i32x8};

/// `sqrt(2 / pi)`, of the tanh form of GELU (Hendrycks and Gimpel 2016, arXiv 1606.08415).
pub const GELU_SCALE: f32 = 0.797_884_6;
/// Cubic coefficient of the tanh form of GELU.
pub const GELU_CUBIC: f32 = 0.044_715;
/// Exponents beyond this are cut off before `exp`, which would overflow.
pub const EXP_LIMIT: f32 = 80.0;

/// Adding and subtracting it rounds to an integer, `1.5 * 2^23`; the low bits of the sum hold the integer.
const ROUND: f32 = 12_582_912.0;

/// `value * 2^k` for a normal result, where `rounded` is `ROUND + k`.
#[inline(always)]
fn scale_by_power(value: f32x8, rounded: f32x8) -> f32x8 {
    let exponent: i32x8 = bytemuck::cast::<f32x8, i32x8>(rounded) << 23u32;
    bytemuck::cast(bytemuck::cast::<f32x8, i32x8>(value) + exponent)
}

/// `e^x` for `|x| <= EXP_LIMIT`, cut off beyond, within 2 units in the last place.
///
/// Range reduction by rounding to a multiple of `ln 2`, then a degree-6 polynomial (Cephes `expf`).
#[inline(always)]
pub fn exp8(x: f32x8) -> f32x8 {
    let x = x.fast_max(f32x8::splat(-EXP_LIMIT)).fast_min(f32x8::splat(EXP_LIMIT));
    let rounded = x * f32x8::splat(std::f32::consts::LOG2_E) + f32x8::splat(ROUND);
    let k = rounded - f32x8::splat(ROUND);
    let r = x - k * f32x8::splat(0.693_359_4) - k * f32x8::splat(-2.121_944_4e-4);
    let mut p = f32x8::splat(1.987_569_1e-4);
    for c in [1.398_2e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1] {
        p = p * r + f32x8::splat(c);
    }
    scale_by_power(p * r * r + r + f32x8::splat(1.0), rounded)
}

/// `2^x` for `|x| <= EXP_LIMIT`, cut off beyond, within 3 units in the last place.
///
/// The polynomial is the minimax one of degree 5 for the relative error on `[-1/2, 1/2]`, with constant 1.
#[inline(always)]
fn exp2_8(x: f32x8) -> f32x8 {
    let x = x.fast_max(f32x8::splat(-EXP_LIMIT)).fast_min(f32x8::splat(EXP_LIMIT));
    let rounded = x + f32x8::splat(ROUND);
    let r = x - (rounded - f32x8::splat(ROUND));
    let mut p = f32x8::splat(1.327_647_25e-3);
    for c in [9.675_540_96e-3, 5.550_713_09e-2, 2.402_212_02e-1, 6.931_469_44e-1, 1.0] {
        p = p * r + f32x8::splat(c);
    }
    scale_by_power(p, rounded)
}

/// Scalar [`exp8`].
pub fn exp(x: f32) -> f32 {
    exp8(f32x8::splat(x)).to_array()[0]
}

/// Logistic sigmoid of `2 u`, where `u` is the inner term of the tanh form of GELU, from `x` and `x^2`.
#[inline(always)]
fn gelu_gate(x: f32x8, square: f32x8) -> f32x8 {
    const LINEAR: f32 = -2.0 * GELU_SCALE * std::f32::consts::LOG2_E;
    let exponent = x * (f32x8::splat(LINEAR) + f32x8::splat(LINEAR * GELU_CUBIC) * square);
    let one = f32x8::splat(1.0);
    one / (one + exp2_8(exponent))
}

/// Tanh form of GELU, `x * sigmoid(2 u)`.
#[inline(always)]
pub fn gelu8(x: f32x8) -> f32x8 {
    x * gelu_gate(x, x * x)
}

/// Derivative of [`gelu8`].
#[inline(always)]
pub fn gelu_grad8(x: f32x8) -> f32x8 {
    const LINEAR: f32 = 2.0 * GELU_SCALE;
    let square = x * x;
    let gate = gelu_gate(x, square);
    let slope = f32x8::splat(LINEAR) + f32x8::splat(3.0 * LINEAR * GELU_CUBIC) * square;
    gate + x * slope * gate * (f32x8::splat(1.0) - gate)
}

/// Eight floats from the start of `data`, zero beyond its end.
#[inline(always)]
pub fn load8(data: &[f32]) -> f32x8 {
    if let Some(full) = data.first_chunk::<8>() {
        return f32x8::from(*full);
    }
    let mut padded = [0.0; 8];
    padded[..data.len()].copy_from_slice(data);
    f32x8::from(padded)
}

/// Writes as many floats as `target` has, at most eight.
#[inline(always)]
pub fn store8(target: &mut [f32], value: f32x8) {
    let value = value.to_array();
    if let Some(full) = target.first_chunk_mut::<8>() {
        *full = value;
    } else {
        target.copy_from_slice(&value[..target.len()]);
    }
}

/// Sum of the eight lanes.
#[inline(always)]
pub fn fold8(sum: f32x8) -> f32 {
    let [a, b, c, d, e, f, g, h] = sum.to_array();
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_within_a_few_ulp_of_the_true_value() {
        for i in -8000..=8000 {
            let x = i as f32 * 0.01;
            let truth = libm::exp(f64::from(x));
            let error = (f64::from(exp(x)) - truth).abs() / truth;
            assert!(error < 2.4e-7, "exp({x}) is off by {error:e}");
            let truth = libm::exp2(f64::from(x));
            let error = (f64::from(exp2_8(f32x8::splat(x)).to_array()[0]) - truth).abs() / truth;
            assert!(error < 3.6e-7, "2^{x} is off by {error:e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp2_8(f32x8::splat(0.0)).to_array(), [1.0; 8]);
        assert!(exp(1e9).is_finite() && exp(-1e9) > 0.0);
    }

    #[test]
    fn gelu_gradient_matches_finite_differences() {
        for i in -60..=60 {
            let x = f64::from(i) * 0.1;
            let gelu = |x: f64| {
                let u = f64::from(GELU_SCALE) * (x + f64::from(GELU_CUBIC) * x * x * x);
                0.5 * x * (1.0 + libm::tanh(u))
            };
            let slope = (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
            let ours = gelu_grad8(f32x8::splat(x as f32)).to_array()[0];
            assert!((f64::from(ours) - slope).abs() < 2e-6, "gelu'({x}) = {ours}, expected {slope}");
            let value = gelu8(f32x8::splat(x as f32)).to_array()[0];
            assert!((f64::from(value) - gelu(x)).abs() < 2e-6);
        }
    }
}
