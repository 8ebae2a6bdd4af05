//! The constant that scales soft-thresholded weights (S-STE, Hu et al. 2024, arXiv 2409.09099).
//!
//! `b = (w . S(w)) / (S(w) . S(w))` brings the thresholded weights `b S(w)` as close to `w` as a constant can. It is
//! fitted once, to the initial weights, and never again: the paper found that a moving scale keeps masks flipping.
//! The paper fits one scale per tensor. All blocks draw the matrices of a site from one distribution, so one scale per
//! site serves them here.

use super::plan::{SoftScales, kind_of};
use crate::config::{Axis, LaneConfig, Site};
use crate::kernels::cpu::mask::select_masks;
use crate::kernels::{Segment, SegmentKind, plan::Rule};
use crate::model::ParamLayout;

/// Scales of `lane`, whose initial parameters are `params`; 1 where nothing is thresholded softly.
pub fn soft_scales(lane: &LaneConfig, params: &[f32], layout: &ParamLayout) -> SoftScales {
    let mut scales = [1.0; SegmentKind::COUNT];
    if !lane.recipe.row().soft_threshold {
        return scales;
    }
    let segments = layout.segments();
    for site in Site::ALL {
        let Some(target) = lane.target(site) else { continue };
        let along_inputs = lane.group_axis == Axis::In;
        let rule = Rule { n: target.n(), m: target.m(), along_inputs, soft_scale: 1.0, ..Rule::DENSE };
        let own: Vec<_> = segments.iter().filter(|segment| segment.kind == kind_of(site)).copied().collect();
        scales[kind_of(site).index()] = fitted(params, &own, rule);
    }
    scales
}

/// The least-squares scale of the weights in `segments` under a soft `rule`.
fn fitted(params: &[f32], segments: &[Segment], rule: Rule) -> f32 {
    let (mut mask, mut soft) = (vec![0.0; params.len()], vec![0.0; params.len()]);
    select_masks(params, params, |_| rule, segments, (&mut mask, &mut soft));
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    (dot(params, &soft) / dot(&soft, &soft)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 4, -2, 1, 0.5 under 2:4 the threshold is 1, so S = 3, -1, 0, 0: b = (12 + 2) / (9 + 1).
    #[test]
    fn the_scale_minimises_the_squared_distance_to_the_dense_weights() {
        let weights = [4.0, -2.0, 1.0, 0.5];
        let segment = Segment { offset: 0, rows: 1, cols: 4, stride: 4, kind: SegmentKind::Ff1 };
        let rule = Rule { n: 2, m: 4, soft_scale: 1.0, ..Rule::DENSE };
        assert_eq!(fitted(&weights, &[segment], rule), 1.4);
    }
}
