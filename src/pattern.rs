//! N:M patterns: in every group of M consecutive weights, N are kept.

use std::{fmt, str::FromStr};

/// A valid N:M pattern, `1 <= N <= M <= 4096`. With `N = M` it prunes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NmPattern {
    n: usize,
    m: usize,
}

/// Why two numbers are not an N:M pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// N = 0 would prune every weight.
    #[error("N must be at least 1: with N = 0 no weight is left")]
    ZeroN,
    /// M = 0 is no group.
    #[error("M must be at least 1: a group needs a weight")]
    ZeroM,
    /// More weights kept than the group has.
    #[error("N = {n} exceeds M = {m}: keep at most M of M weights")]
    NAboveM {
        /// Weights to keep.
        n: usize,
        /// Weights per group.
        m: usize,
    },
    /// The group is longer than any axis the lab allows.
    #[error("M = {0} exceeds {max}, the longest axis allowed", max = NmPattern::MAX_M)]
    GroupTooLong(usize),
    /// The text is not of the form `N:M`.
    #[error("{0:?} is not a pattern: write N:M, such as 2:4")]
    Syntax(String),
}

impl NmPattern {
    /// Keeps every weight; the pattern of a dense matrix.
    pub const DENSE: Self = Self { n: 1, m: 1 };
    /// No axis of a sparse matrix is longer, so no group can be.
    pub const MAX_M: usize = 4096;

    /// The pattern that keeps `n` of every `m` weights.
    ///
    /// # Errors
    /// When either is 0, N exceeds M, or M exceeds [`MAX_M`](Self::MAX_M).
    pub fn new(n: usize, m: usize) -> Result<Self, PatternError> {
        match (n, m) {
            (_, 0) => Err(PatternError::ZeroM),
            (0, _) => Err(PatternError::ZeroN),
            (n, m) if n > m => Err(PatternError::NAboveM { n, m }),
            (_, m) if m > Self::MAX_M => Err(PatternError::GroupTooLong(m)),
            (n, m) => Ok(Self { n, m }),
        }
    }

    /// Weights kept per group.
    pub fn n(self) -> usize {
        self.n
    }

    /// Weights per group.
    pub fn m(self) -> usize {
        self.m
    }

    /// Share of the weights that is kept, in (0, 1].
    pub fn density(self) -> f64 {
        self.n as f64 / self.m as f64
    }

    /// Whether the pattern prunes nothing.
    pub fn is_dense(self) -> bool {
        self.n == self.m
    }
}

impl fmt::Display for NmPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, self.m)
    }
}

impl FromStr for NmPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let syntax = || PatternError::Syntax(text.to_owned());
        let (n, m) = text.split_once(':').ok_or_else(syntax)?;
        let number = |part: &str| part.trim().parse().map_err(|_| syntax());
        Self::new(number(n)?, number(m)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_prints_as_it_parses() {
        let pattern: NmPattern = "1:16".parse().unwrap();
        assert_eq!((pattern.n(), pattern.m()), (1, 16));
        assert_eq!(pattern.to_string(), "1:16");
        assert_eq!(pattern.density(), 0.0625);
        assert!(!pattern.is_dense());
        assert!(NmPattern::DENSE.is_dense());
        assert!(NmPattern::new(4, 4).unwrap().is_dense());
    }

    #[test]
    fn impossible_patterns_are_refused_with_their_reason() {
        assert_eq!(NmPattern::new(0, 4), Err(PatternError::ZeroN));
        assert_eq!(NmPattern::new(2, 0), Err(PatternError::ZeroM));
        assert_eq!(NmPattern::new(5, 4), Err(PatternError::NAboveM { n: 5, m: 4 }));
        assert_eq!(NmPattern::new(1, 4097), Err(PatternError::GroupTooLong(4097)));
        for text in ["", "4", "2/4", "2:4:8", "-1:4", "a:b", "2:"] {
            assert_eq!(text.parse::<NmPattern>(), Err(PatternError::Syntax(text.to_owned())));
        }
        assert_eq!("5:4".parse::<NmPattern>(), Err(PatternError::NAboveM { n: 5, m: 4 }));
    }
}
