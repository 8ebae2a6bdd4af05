//! The plan tensor `[lanes, WIDTH]`: everything about a step that varies from lane to lane or step to step.
//!
//! One small upload per step replaces scalar kernel arguments, so pipelines and bind groups never change.
//! A row holds the optimizer's numbers, then [`RULE_WIDTH`] numbers for every [`SegmentKind`].

use super::SegmentKind;

/// Column of the learning rate.
pub const LEARNING_RATE: usize = 0;
/// Column of `1 - beta1^t`.
pub const CORRECTION_1: usize = 1;
/// Column of `1 - beta2^t`.
pub const CORRECTION_2: usize = 2;
/// Column of the decoupled weight decay.
pub const WEIGHT_DECAY: usize = 3;
/// Column of the global gradient-norm limit.
pub const CLIP_NORM: usize = 4;
/// Column of AdamW's `beta1`.
pub const BETA_1: usize = 5;
/// Column of AdamW's `beta2`.
pub const BETA_2: usize = 6;
/// Column of AdamW's epsilon.
pub const EPSILON: usize = 7;
/// Column where the rules of the segment kinds start.
pub const RULES: usize = 8;

/// Within a rule: N of the pattern.
pub const RULE_N: usize = 0;
/// Within a rule: M of the pattern.
pub const RULE_M: usize = 1;
/// Within a rule: the mask decay factor `D`, which scales pruned weights in the forward pass.
pub const RULE_DECAY: usize = 2;
/// Within a rule: factor on the gradient of pruned weights.
pub const RULE_PRUNED_GRADIENT: usize = 3;
/// Within a rule: SR-STE's lambda.
pub const RULE_LAMBDA: usize = 4;
/// Within a rule: 1 selects a new mask, 0 holds the last one.
pub const RULE_REFRESH: usize = 5;
/// Within a rule: 1 groups along the input features, 0 along the outputs.
pub const RULE_ALONG_INPUTS: usize = 6;
/// Within a rule: scale of soft-thresholded weights; 0 thresholds hard.
pub const RULE_SOFT_SCALE: usize = 7;
/// Within a rule: 1 multiplies with the packed form of the weights, 0 with all of them. Same results either way.
pub const RULE_PACKED: usize = 8;
/// Numbers per rule.
pub const RULE_WIDTH: usize = 9;

/// Column of the clip factor in the result of `gradient_scale`; column 0 is the global norm.
pub const SCALE_FACTOR: usize = 1;

/// Numbers per lane.
pub const WIDTH: usize = RULES + RULE_WIDTH * SegmentKind::COUNT;

/// The plan row, `[WIDTH]`, of a lane with these rules; the optimizer's numbers are still 0.
pub fn row_of(rules: &[Rule; SegmentKind::COUNT]) -> Vec<f32> {
    let mut row = vec![0.0; RULES];
    row.extend(rules.iter().flat_map(Rule::columns));
    row
}

/// Selection, decay and gradient rule of one segment kind of one lane at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Weights kept per group.
    pub n: usize,
    /// Weights per group; `n == m` keeps all.
    pub m: usize,
    /// `D`: factor on pruned weights in the forward pass.
    pub decay: f32,
    /// Factor on the gradient of pruned weights.
    pub pruned_gradient: f32,
    /// SR-STE's lambda: `lambda * (1 - F) * W` joins the gradient.
    pub lambda: f32,
    /// Select a new mask or hold the last one.
    pub refresh: bool,
    /// Group along the input features or along the outputs.
    pub along_inputs: bool,
    /// Above 0: kept weights shrink by the largest magnitude dropped in their group and are scaled by this.
    pub soft_scale: f32,
    /// Multiply with the packed form of the weights, which needs `decay == 0`.
    pub packed: bool,
}

impl Rule {
    /// Keeps every weight.
    pub const DENSE: Self = Self {
        n: 1,
        m: 1,
        decay: 0.0,
        pruned_gradient: 1.0,
        lambda: 0.0,
        refresh: true,
        along_inputs: false,
        soft_scale: 0.0,
        packed: false,
    };

    /// The rule's columns.
    pub fn columns(&self) -> [f32; RULE_WIDTH] {
        [
            self.n as f32,
            self.m as f32,
            self.decay,
            self.pruned_gradient,
            self.lambda,
            f32::from(self.refresh),
            f32::from(self.along_inputs),
            self.soft_scale,
            f32::from(self.packed),
        ]
    }

    /// Reads the rule of `kind` from a lane's plan row, `[WIDTH]`.
    pub fn read(row: &[f32], kind: usize) -> Self {
        let columns = &row[RULES + kind * RULE_WIDTH..][..RULE_WIDTH];
        Self {
            n: columns[RULE_N] as usize,
            m: columns[RULE_M] as usize,
            decay: columns[RULE_DECAY],
            pruned_gradient: columns[RULE_PRUNED_GRADIENT],
            lambda: columns[RULE_LAMBDA],
            refresh: columns[RULE_REFRESH] != 0.0,
            along_inputs: columns[RULE_ALONG_INPUTS] != 0.0,
            soft_scale: columns[RULE_SOFT_SCALE],
            packed: columns[RULE_PACKED] != 0.0,
        }
    }

    /// The rules of a lane in which this one holds for `kind` and everything else is dense.
    pub fn only(self, kind: SegmentKind) -> [Self; SegmentKind::COUNT] {
        SegmentKind::ALL.map(|other| if other == kind { self } else { Self::DENSE })
    }

    /// The weight that the forward pass sees: `w * (F + D (1 - F))`, or when soft `F * scale * sign(w) * (|w| - t)`,
    /// where `threshold` t is the largest magnitude dropped in the group (S-STE, arXiv 2409.09099).
    pub fn forward(&self, weight: f32, mask: f32, threshold: f32) -> f32 {
        if self.soft_scale > 0.0 {
            let left = self.soft_scale * (weight.abs() - threshold).max(0.0) * mask;
            if weight < 0.0 { -left } else { left }
        } else {
            weight * (mask + self.decay * (1.0 - mask))
        }
    }

    /// Whether the gradient of pruned weights is never looked at, so that it need not be computed.
    pub fn kept_only(&self) -> bool {
        self.pruned_gradient == 0.0
    }

    /// Gradient that the optimizer sees for a weight: `g * (F + c (1 - F)) + lambda (1 - F) w`. With `c = 0`
    /// the gradient of a pruned weight may be anything: it was not computed.
    pub fn gradient(&self, gradient: f32, mask: f32, weight: f32) -> f32 {
        let pruned = 1.0 - mask;
        let factor = mask + self.pruned_gradient * pruned;
        let passed = if factor == 0.0 { 0.0 } else { gradient * factor };
        passed + self.lambda * pruned * weight
    }
}
