//! The three phases of a lane's training: dense, sparsification, fine-tune.

use super::recipe::Recipe;

/// Where the phases of a lane begin and end, in steps counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// Steps of the whole training.
    pub steps: u32,
    /// First step that prunes; j counts from here. Equals `steps` for a recipe that never prunes.
    pub dense_end: u32,
    /// First step of the fine-tune phase. Equals `steps` for a recipe without one.
    pub finetune_start: u32,
}

impl Phases {
    /// Share of the budget after which an automatic beta has brought D to about 0 (the paper's
    /// practical rule).
    pub const DECAYED_AT_FRAC: f64 = 0.7;

    /// Shares of the budget in whole steps; shares that `recipe` has no use for are left out.
    pub fn new(recipe: Recipe, steps: u32, dense_frac: f64, finetune_frac: f64) -> Self {
        let dense_end = if recipe.prunes() { share(steps, dense_frac) } else { steps };
        let finetune = if recipe.fine_tunes() { share(steps, finetune_frac) } else { 0 };
        Self { steps, dense_end, finetune_start: steps.saturating_sub(finetune) }
    }

    /// Steps between the dense phase and the fine-tune phase.
    pub fn sparsify_steps(&self) -> u32 {
        self.finetune_start.saturating_sub(self.dense_end)
    }

    /// The step count j at which an automatic beta has brought D to about 0, or `None` when the dense
    /// phase has not ended by then.
    ///
    /// The share is taken of the whole budget, although j starts after the dense phase. A fine-tune
    /// phase that starts earlier cuts the decay short.
    pub fn decayed_at(&self) -> Option<u32> {
        share(self.steps, Self::DECAYED_AT_FRAC).checked_sub(self.dense_end).filter(|&j| j > 0)
    }
}

/// `frac` of `steps`, rounded to the nearest step.
pub fn share(steps: u32, frac: f64) -> u32 {
    libm::round(f64::from(steps) * frac) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_whole_steps() {
        let phases = Phases::new(Recipe::MdgfLinear, 1000, 0.05, 0.2);
        assert_eq!((phases.dense_end, phases.finetune_start), (50, 800));
        assert_eq!(phases.sparsify_steps(), 750);
        assert_eq!(phases.decayed_at(), Some(650));
    }

    #[test]
    fn recipes_ignore_the_phases_they_do_not_have() {
        let dense = Phases::new(Recipe::Dense, 100, 0.1, 0.2);
        assert_eq!((dense.dense_end, dense.finetune_start), (100, 100));
        let srste = Phases::new(Recipe::SrSte, 100, 0.1, 0.2);
        assert_eq!((srste.dense_end, srste.finetune_start), (10, 100));
    }

    #[test]
    fn a_dense_phase_past_70_percent_leaves_no_room_for_decay() {
        assert_eq!(Phases::new(Recipe::MdgfLinear, 100, 0.7, 0.0).decayed_at(), None);
        assert_eq!(Phases::new(Recipe::MdgfLinear, 100, 0.9, 0.0).decayed_at(), None);
        assert_eq!(Phases::new(Recipe::MdgfLinear, 100, 0.69, 0.0).decayed_at(), Some(1));
    }
}
