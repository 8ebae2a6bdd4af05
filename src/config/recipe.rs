//! The recipe table: a recipe is a mask schedule, a decay, and a rule for the gradient of pruned weights.
//!
//! Adding a recipe is one variant and one row here. The row says which fields of a lane matter; the
//! module `sparsity` turns it into numbers for each step.

use serde::{Deserialize, Serialize};

use crate::pattern::NmPattern;

/// A way to train an N:M-sparse matrix, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Recipe {
    /// Never prunes.
    Dense,
    /// Hard mask, straight-through gradient.
    Ste,
    /// STE with a pull of pruned weights towards zero (Zhou et al. 2021).
    SrSte,
    /// Mask decay gradient flow, linear decay (arXiv 2402.04744).
    MdgfLinear,
    /// Mask decay gradient flow, exponential decay (arXiv 2402.04744).
    MdgfExponential,
    /// Structure decay gradient flow: fixed M, falling N (arXiv 2402.04744).
    SdgfStepwise,
    /// Structure decay gradient flow: fixed ratio, shrinking groups (arXiv 2402.04744).
    SdgfGeometric,
    /// From sparser to the target: N:8M to N:M (authors' code).
    Densify,
    /// Prunes by magnitude once and keeps that mask (ASP).
    OneShot,
    /// SR-STE whose lambda rises from 0 (Adaptive Sparse Trainer, arXiv 2407.20584).
    SrSteAnnealed,
    /// Soft threshold, which makes pruning a continuous map (S-STE, arXiv 2409.09099).
    SSte,
    /// STE under the second moment of the dense phase (STEP, arXiv 2302.01172).
    Step,
    /// Mask decay on top of structure decay, which arXiv 2402.04744 names and does not try.
    MdgfSdgf,
    /// SR-STE, then dense training to the end (arXiv 2404.01847).
    SparseThenDense,
}

/// Which patterns a recipe applies between the dense phase and the fine-tune phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskSchedule {
    /// No pattern at all.
    AllOnes,
    /// The target N:M throughout.
    Target,
    /// The target N:M, selected at the end of the dense phase and then frozen.
    Frozen,
    /// (M-1):M, then M/2:M, M/4:M ... N:M.
    Stepwise,
    /// kN/2^d : kM/2^d for d = 0 .. log2 k.
    Geometric,
    /// N:8M, N:4M, N:2M, N:M.
    Densify,
}

/// How D(j), the factor on pruned weights, falls during the sparsification phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// D = 0: pruned weights are zero in the forward pass.
    Hard,
    /// D(j) = max(1 - beta j, 0).
    Linear,
    /// D(j) = exp(-beta j).
    Exponential,
}

/// What a pruned weight receives of the gradient that reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum GradientRule {
    /// All of it (straight-through; what the authors' code executes).
    Ste,
    /// D(j) times it: the chain rule.
    Decayed,
    /// Nothing.
    Zero,
}

/// Whether the recipe fixes the gradient rule or the lane chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradientChoice {
    /// Part of the recipe's definition.
    Fixed(GradientRule),
    /// The lane's `gradient` field decides.
    OfLane,
}

/// The pull `lambda * (1 - F) * W` on pruned weights that joins the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// There is none.
    None,
    /// The lane's lambda throughout.
    Constant,
    /// From 0 in a straight line to the lane's lambda at half of the sparsification phase, then constant.
    Ramped,
}

/// One row of the recipe table.
#[derive(Clone, Copy, Debug)]
pub struct RecipeRow {
    /// The recipe that the row defines.
    pub recipe: Recipe,
    /// Its name in documents.
    pub id: &'static str,
    /// Its name for readers.
    pub label: &'static str,
    /// Its name where room is scarce, in legends and tables; empty where the label is short enough.
    pub short: &'static str,
    /// The patterns it applies.
    pub masks: MaskSchedule,
    /// How pruned weights fade.
    pub decay: Decay,
    /// What pruned weights learn from.
    pub gradient: GradientChoice,
    /// How pruned weights are pulled to zero.
    pub pull: Pull,
    /// Whether kept weights shrink by the largest magnitude dropped in their group.
    pub soft_threshold: bool,
    /// Whether AdamW's second moment stays as the dense phase left it.
    pub freezes_second_moment: bool,
    /// Whether the fine-tune phase, and so the network that ships, is dense.
    pub ends_dense: bool,
    /// One sentence for the documentation.
    pub summary: &'static str,
}

/// Why a target pattern has no stages under a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageError {
    /// Halving M never arrives at N.
    HalvingMissesTarget,
    /// k is not a power of two.
    KNotPowerOfTwo,
    /// The widest group exceeds [`NmPattern::MAX_M`].
    GroupTooLong(usize),
}

use Decay::{Exponential, Hard, Linear};
use GradientChoice::{Fixed, OfLane};

/// STE, from which the other rows differ.
const STE: RecipeRow = RecipeRow {
    recipe: Recipe::Ste,
    id: "ste",
    label: "STE",
    short: "",
    masks: MaskSchedule::Target,
    decay: Hard,
    gradient: Fixed(GradientRule::Ste),
    pull: Pull::None,
    soft_threshold: false,
    freezes_second_moment: false,
    ends_dense: false,
    summary: "Hard N:M mask; pruned weights keep learning through the straight-through gradient.",
};

#[rustfmt::skip]
const ROWS: [RecipeRow; 14] = [
    RecipeRow { recipe: Recipe::Dense, id: "dense", label: "Dense", masks: MaskSchedule::AllOnes,
        summary: "Nothing is pruned: the control every other lane is read against.", ..STE },
    STE,
    RecipeRow { recipe: Recipe::SrSte, id: "sr-ste", label: "SR-STE", pull: Pull::Constant,
        summary: "STE plus lambda * (1 - F) * W in the gradient, which pulls pruned weights to zero (Zhou et al. 2021).", ..STE },
    RecipeRow { recipe: Recipe::MdgfLinear, id: "mdgf-linear", label: "MdGf-Linear", decay: Linear, gradient: OfLane,
        summary: "Target N:M; pruned weights fade with D(j) = max(1 - beta j, 0).", ..STE },
    RecipeRow { recipe: Recipe::MdgfExponential, id: "mdgf-exponential", label: "MdGf-Exponential", short: "MdGf-Exp", decay: Exponential, gradient: OfLane,
        summary: "Target N:M; pruned weights fade with D(j) = exp(-beta j).", ..STE },
    RecipeRow { recipe: Recipe::SdgfStepwise, id: "sdgf-stepwise", label: "SdGf-Stepwise", short: "SdGf-Step", masks: MaskSchedule::Stepwise, gradient: OfLane,
        summary: "Fixed group, falling N: (M-1):M, then M/2:M, M/4:M ... N:M.", ..STE },
    RecipeRow { recipe: Recipe::SdgfGeometric, id: "sdgf-geometric", label: "SdGf-Geometric", short: "SdGf-Geo", masks: MaskSchedule::Geometric, gradient: OfLane,
        summary: "Fixed ratio, shrinking group: kN/2^d : kM/2^d for d = 0 .. log2 k.", ..STE },
    RecipeRow { recipe: Recipe::Densify, id: "densify", label: "Densify", masks: MaskSchedule::Densify, gradient: OfLane,
        summary: "From sparser to the target: N:8M, N:4M, N:2M, N:M.", ..STE },
    RecipeRow { recipe: Recipe::OneShot, id: "one-shot", label: "One-shot", masks: MaskSchedule::Frozen, gradient: Fixed(GradientRule::Zero),
        summary: "Prunes by magnitude once, at the end of the dense phase; that mask stays and pruned weights rest (ASP).", ..STE },
    // The authors' code ramps to half of its steps; it adds the term after AdamW's first moment, here it joins the
    // gradient as in SR-STE, so that only the ramp differs.
    RecipeRow { recipe: Recipe::SrSteAnnealed, id: "sr-ste-annealed", label: "SR-STE annealed", pull: Pull::Ramped,
        summary: "SR-STE whose lambda rises from 0 in a straight line over the first half of the sparsification phase (Adaptive Sparse Trainer, Huang et al. 2025).", ..STE },
    // The paper has 2:4 and one scale per tensor; any N:M is the direct reading, and one scale serves all blocks here. As in the
    // authors' code the gradient passes the threshold and the scale unchanged.
    RecipeRow { recipe: Recipe::SSte, id: "s-ste", label: "S-STE", soft_threshold: true,
        summary: "Kept weights shrink by t, the largest magnitude dropped in their group, and are scaled by a constant fitted to the initial weights: b * sign(w) * (|w| - t) (Hu et al. 2024).", ..STE },
    // The paper switches phases when v settles (AutoSwitch); here the end of the dense phase is the switch.
    RecipeRow { recipe: Recipe::Step, id: "step", label: "STEP", freezes_second_moment: true,
        summary: "STE, with AdamW's second moment frozen at the end of the dense phase, before masks disturb it (Lu et al. 2023).", ..STE },
    RecipeRow { recipe: Recipe::MdgfSdgf, id: "mdgf-sdgf", label: "MdGf + SdGf", masks: MaskSchedule::Stepwise, decay: Exponential, gradient: OfLane,
        summary: "Stepwise stages whose pruned weights fade with D(j) = exp(-beta j), one D over all stages. Our own reading of a combination that the paper names and does not try.", ..STE },
    RecipeRow { recipe: Recipe::SparseThenDense, id: "sparse-then-dense", label: "Sparse-then-dense", pull: Pull::Constant, ends_dense: true,
        summary: "SR-STE until the fine-tune phase, which is dense: so is the network in the end (Hu et al. 2024, arXiv 2404.01847).", ..STE },
];

impl Recipe {
    /// Every recipe, in the order of the table.
    pub const ALL: [Self; ROWS.len()] = {
        let mut all = [Self::Dense; ROWS.len()];
        let mut i = 0;
        while i < ROWS.len() {
            all[i] = ROWS[i].recipe;
            i += 1;
        }
        all
    };

    /// The recipe's row of the table.
    pub const fn row(self) -> &'static RecipeRow {
        &ROWS[self as usize]
    }

    /// Its name in documents, such as `sr-ste`.
    pub const fn id(self) -> &'static str {
        self.row().id
    }

    /// Its name for readers, such as `SR-STE`.
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// Its name in legends and tables, such as `MdGf-Exp`.
    pub const fn short(self) -> &'static str {
        let RecipeRow { short, label, .. } = self.row();
        if short.is_empty() { label } else { short }
    }

    /// Whether it ever prunes.
    pub fn prunes(self) -> bool {
        self.row().masks != MaskSchedule::AllOnes
    }

    /// Whether it fades pruned weights by D(j), and so needs beta.
    pub fn decays(self) -> bool {
        self.row().decay != Hard
    }

    /// Whether it adds SR-STE's term, and so needs lambda.
    pub fn regularises(self) -> bool {
        self.row().pull != Pull::None
    }

    /// Whether it has Geometric stages, and so needs k.
    pub fn uses_k(self) -> bool {
        self.row().masks == MaskSchedule::Geometric
    }

    /// Whether the lane chooses its gradient rule.
    pub fn chooses_gradient(self) -> bool {
        self.row().gradient == OfLane
    }

    /// Whether it selects masks again and again and may hold one in between, and so needs `mask_every`. A soft
    /// threshold moves with the weights, so its mask cannot be held.
    pub fn reselects(self) -> bool {
        self.prunes() && self.row().masks != MaskSchedule::Frozen && !self.row().soft_threshold
    }

    /// Whether its fine-tune phase differs from its sparsification phase.
    pub fn fine_tunes(self) -> bool {
        !matches!(self.row().masks, MaskSchedule::AllOnes | MaskSchedule::Frozen)
            && (self.decays() || self.row().ends_dense || self.row().masks != MaskSchedule::Target)
    }
}

impl MaskSchedule {
    /// The patterns that share the sparsification phase evenly, first to last; the last is `target`.
    ///
    /// Stages that coincide are listed once: 1:2 Stepwise is (M-1):M = 1:2 alone. `k` matters to
    /// [`Geometric`](Self::Geometric) only.
    ///
    /// # Errors
    /// When halving misses the target, k is not a power of two, or a group grows too long.
    pub fn stages(self, target: NmPattern, k: usize) -> Result<Vec<NmPattern>, StageError> {
        let (n, m) = (target.n(), target.m());
        let numbers = match self {
            Self::AllOnes => vec![(1, 1)],
            Self::Target | Self::Frozen => vec![(n, m)],
            Self::Stepwise => stepwise(n, m)?,
            Self::Geometric if !k.is_power_of_two() => return Err(StageError::KNotPowerOfTwo),
            Self::Geometric => (0..=k.ilog2()).rev().map(|d| (n << d, m << d)).collect(),
            Self::Densify => (0..=3).rev().map(|d| (n, m << d)).collect(),
        };
        numbers.into_iter().map(|(n, m)| NmPattern::new(n, m).map_err(|_| StageError::GroupTooLong(m))).collect()
    }
}

/// N of every Stepwise stage. N = M asks for no pruning, so no stage lies before it.
fn stepwise(n: usize, m: usize) -> Result<Vec<(usize, usize)>, StageError> {
    let mut kept = Vec::new();
    let mut half = m;
    while half > n && half.is_multiple_of(2) {
        half /= 2;
        kept.push((half, m));
    }
    if half != n {
        return Err(StageError::HalvingMissesTarget);
    }
    match kept.first() {
        None => kept.push((n, m)),
        Some(&(first, _)) if first < m - 1 => kept.insert(0, (m - 1, m)),
        Some(_) => {}
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(masks: MaskSchedule, target: &str, k: usize) -> String {
        let stages = masks.stages(target.parse().unwrap(), k).unwrap();
        stages.iter().map(NmPattern::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_recipe_finds_its_own_row_under_its_document_name() {
        for recipe in Recipe::ALL {
            assert_eq!(recipe.row().recipe, recipe);
            assert_eq!(serde_json::to_value(recipe).unwrap(), recipe.id());
        }
    }

    #[test]
    fn stepwise_keeps_m_and_halves_n() {
        assert_eq!(stages(MaskSchedule::Stepwise, "1:8", 16), "7:8 4:8 2:8 1:8");
        assert_eq!(stages(MaskSchedule::Stepwise, "1:16", 16), "15:16 8:16 4:16 2:16 1:16");
        assert_eq!(stages(MaskSchedule::Stepwise, "2:4", 16), "3:4 2:4");
        assert_eq!(stages(MaskSchedule::Stepwise, "3:12", 16), "11:12 6:12 3:12");
        assert_eq!(stages(MaskSchedule::Stepwise, "1:2", 16), "1:2");
        assert_eq!(stages(MaskSchedule::Stepwise, "4:4", 16), "4:4");
    }

    #[test]
    fn geometric_keeps_the_ratio_and_shrinks_the_group() {
        assert_eq!(stages(MaskSchedule::Geometric, "1:8", 16), "16:128 8:64 4:32 2:16 1:8");
        assert_eq!(stages(MaskSchedule::Geometric, "2:4", 2), "4:8 2:4");
        assert_eq!(stages(MaskSchedule::Geometric, "3:5", 1), "3:5");
    }

    #[test]
    fn densify_starts_at_eight_times_the_group() {
        assert_eq!(stages(MaskSchedule::Densify, "1:4", 16), "1:32 1:16 1:8 1:4");
    }

    #[test]
    fn stages_that_do_not_divide_are_refused() {
        let stages = |masks: MaskSchedule, target: &str, k| masks.stages(target.parse().unwrap(), k);
        for target in ["3:8", "2:6", "1:12", "5:8"] {
            assert_eq!(stages(MaskSchedule::Stepwise, target, 16), Err(StageError::HalvingMissesTarget));
        }
        for k in [0, 3, 12] {
            assert_eq!(stages(MaskSchedule::Geometric, "1:4", k), Err(StageError::KNotPowerOfTwo));
        }
        assert_eq!(stages(MaskSchedule::Densify, "1:1024", 1), Err(StageError::GroupTooLong(8192)));
    }
}
