//! What a recipe means at each step: pure functions from the step to the numbers that training uses.
//!
//! The forward pass sees `W~ = W * (F + D(j) * (1 - F))` (arXiv 2402.04744, section 3): F keeps the N
//! largest of every M weights, D fades the others, j counts steps from the end of the dense phase.
//! A [`LaneSchedule`] is the product of a mask schedule, a decay and a gradient rule, as the recipe's
//! row of the table in `config` names them. Nothing here holds state: the same step gives the same
//! [`LaneState`] on every device and after every resume.

mod decay;
mod learning_rate;
mod schedule;

pub use decay::DecayCurve;
pub use learning_rate::LearningRate;
pub use schedule::LaneSchedule;

pub use crate::config::Site;
use crate::pattern::NmPattern;

/// The part of its training that a lane is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is pruned yet, or ever.
    Dense,
    /// The recipe is at work.
    Sparsify,
    /// Target pattern, D = 0.
    FineTune,
}

/// How the matrices of one site are masked at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteState {
    /// Pattern of the mask F; 1:1 while dense.
    pub pattern: NmPattern,
    /// D(j): factor on pruned weights in the forward pass. 1 while dense, when nothing is pruned.
    pub decay: f32,
    /// Factor on the gradient of pruned weights: 1, D(j) or 0 by the gradient rule.
    pub pruned_gradient: f32,
    /// SR-STE: `srste_lambda * (1 - F) * W` joins the gradient; 0 for other recipes.
    pub srste_lambda: f32,
    /// Whether kept weights shrink by the largest magnitude dropped in their group (S-STE).
    pub soft_threshold: bool,
    /// Whether to select the mask anew at this step; otherwise the last one is held.
    pub refresh: bool,
}

impl SiteState {
    /// A site that is not pruned.
    pub const DENSE: Self = Self {
        pattern: NmPattern::DENSE,
        decay: 1.0,
        pruned_gradient: 1.0,
        srste_lambda: 0.0,
        soft_threshold: false,
        refresh: true,
    };

    /// Share of ones in the mask F, whatever D is: with D > 0 every weight still takes part.
    pub fn density(&self) -> f64 {
        self.pattern.density()
    }
}

/// Everything about a lane that the step decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneState {
    /// The phase of the lane.
    pub phase: Phase,
    /// State of each site, at its [`Site::index`].
    pub sites: [SiteState; Site::ALL.len()],
    /// Learning rate of this step.
    pub learning_rate: f32,
    /// Updates after which AdamW's second moment was frozen, when it is (STEP).
    pub second_moment_frozen_after: Option<u32>,
}
