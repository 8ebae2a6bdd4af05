//! D(j), the factor on pruned weights during the sparsification phase.

use crate::config::Decay;

/// D as a function of j, the steps since the dense phase ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecayCurve {
    decay: Decay,
    beta: f64,
}

impl DecayCurve {
    /// Where an exponential D counts as gone: it never reaches 0.
    pub const GONE: f64 = 1e-3;

    /// A curve of the given shape that falls at rate `beta` per step.
    pub fn new(decay: Decay, beta: f64) -> Self {
        Self { decay, beta }
    }

    /// The curve that is at 0 (linear) or [`GONE`](Self::GONE) (exponential) after `j` steps.
    pub fn gone_after(decay: Decay, j: u32) -> Self {
        let beta = match decay {
            Decay::Hard => 0.0,
            Decay::Linear => 1.0 / f64::from(j),
            Decay::Exponential => -libm::log(Self::GONE) / f64::from(j),
        };
        Self { decay, beta }
    }

    /// The rate per step, or `None` for a hard mask, which has none.
    pub fn beta(&self) -> Option<f64> {
        (self.decay != Decay::Hard).then_some(self.beta)
    }

    /// Steps after which D is one half, or `None` when it never falls that far.
    pub fn half_life(&self) -> Option<f64> {
        let travelled = match self.decay {
            Decay::Hard => return None,
            Decay::Linear => 0.5,
            Decay::Exponential => std::f64::consts::LN_2,
        };
        (self.beta > 0.0).then(|| travelled / self.beta)
    }

    /// D after `j` steps, in [0, 1].
    pub fn at(&self, j: u32) -> f32 {
        let travelled = self.beta * f64::from(j);
        match self.decay {
            Decay::Hard => 0.0,
            // Rounding to f32 first makes an automatic beta arrive at 0 exactly, not at 1e-16.
            Decay::Linear => (1.0 - travelled as f32).max(0.0),
            Decay::Exponential => libm::exp(-travelled) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn d_is_one_half_after_the_half_life() {
        assert_eq!(DecayCurve::new(Decay::Linear, 0.125).half_life(), Some(4.0));
        assert_eq!(DecayCurve::new(Decay::Linear, 0.125).at(4), 0.5);
        let half_life = DecayCurve::new(Decay::Exponential, std::f64::consts::LN_2 / 10.0).half_life();
        assert_eq!(half_life, Some(10.0));
        assert_eq!(DecayCurve::new(Decay::Hard, 1.0).half_life(), None);
        assert_eq!(DecayCurve::new(Decay::Linear, 0.0).half_life(), None);
    }

    #[test]
    fn linear_decay_falls_by_beta_a_step_and_stops_at_zero() {
        let curve = DecayCurve::new(Decay::Linear, 0.25);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|j| curve.at(j)), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
    }

    #[test]
    fn exponential_decay_halves_every_half_life() {
        let curve = DecayCurve::new(Decay::Exponential, core::f64::consts::LN_2 / 10.0);
        assert_eq!([0, 10, 20, 30].map(|j| curve.at(j)), [1.0, 0.5, 0.25, 0.125]);
    }

    #[test]
    fn a_hard_mask_has_no_decay() {
        assert_eq!(DecayCurve::new(Decay::Hard, 1.0).at(0), 0.0);
        assert_eq!(DecayCurve::gone_after(Decay::Hard, 10).beta(), None);
    }

    #[test]
    fn an_automatic_beta_arrives_when_it_should() {
        for j in 1..2000 {
            assert_eq!(DecayCurve::gone_after(Decay::Linear, j).at(j), 0.0, "linear after {j}");
            assert!(j == 1 || DecayCurve::gone_after(Decay::Linear, j).at(j - 1) > 0.0, "linear before {j}");
            let exponential = DecayCurve::gone_after(Decay::Exponential, j).at(j);
            assert!((exponential - 1e-3).abs() < 1e-9, "exponential after {j}: {exponential}");
        }
    }

    /// The authors' cases are named like `EXP coef=1e-4 j=7001`; D is what their forward pass leaves of
    /// a pruned weight.
    #[test]
    fn d_agrees_with_what_the_authors_code_computed() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/golden/authors_autograd.json")).unwrap();
        let numbers = |value: &Value| -> Vec<f64> {
            let rows = value.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
            rows.map(|number| number.as_f64().unwrap()).collect()
        };
        let weights = numbers(&golden["W"]);
        let mut checked = 0;
        for case in golden["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let Some((shape, rest)) = name.split_once(" coef=") else { continue };
            let (beta, j) = rest.split_once(" j=").unwrap();
            let decay = if shape == "EXP" { Decay::Exponential } else { Decay::Linear };
            let d = f64::from(DecayCurve::new(decay, beta.parse().unwrap()).at(j.parse().unwrap()));
            let (mask, forward) = (numbers(&case["mask"]), numbers(&case["forward"]));
            for ((w, f), expected) in weights.iter().zip(mask).zip(forward) {
                assert!((w * (f + d * (1.0 - f)) - expected).abs() < 1e-6, "{name}: {w} becomes {expected}");
            }
            checked += 1;
        }
        assert_eq!(checked, 6, "EXP and LINEAR at 2:4, 1:4 and 1:8");
    }
}
