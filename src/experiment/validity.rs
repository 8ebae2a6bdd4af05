//! Whether the weights that would ship are N:M, counted on the weights themselves.

use crate::kernels::{Segment, SegmentKind, plan::Rule};

/// Groups of one lane's hardened `weights` `[parameters]` that hold more non-zero weights than their pattern allows.
pub fn invalid_groups(weights: &[f32], segments: &[Segment], rules: &[Rule; SegmentKind::COUNT]) -> usize {
    segments.iter().map(|segment| in_segment(weights, segment, &rules[segment.kind.index()])).sum()
}

fn in_segment(weights: &[f32], segment: &Segment, rule: &Rule) -> usize {
    if rule.n == rule.m {
        return 0;
    }
    let too_full = |group: &usize| {
        let (first, step, len) = segment.group(*group, rule.m, rule.along_inputs);
        (0..len).filter(|i| weights[first + i * step] != 0.0).count() > rule.n
    };
    (0..segment.groups(rule.m, rule.along_inputs)).filter(too_full).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_with_too_many_weights_are_counted_along_either_axis() {
        // Rows are inputs: [1, 0, 2, 0], [0, 0, 3, 4].
        let weights = [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 4.0];
        let segment = Segment { offset: 0, rows: 2, cols: 4, stride: 4, kind: SegmentKind::Ff1 };
        let count = |n, m, along_inputs| {
            let mut rules = [Rule::DENSE; SegmentKind::COUNT];
            rules[SegmentKind::Ff1.index()] = Rule { n, m, along_inputs, ..Rule::DENSE };
            invalid_groups(&weights, &[segment], &rules)
        };
        // Only the column 2, 3 holds two weights; rows hold two each, in halves 1 | 1 and 0 | 2.
        assert_eq!((count(1, 2, true), count(1, 2, false)), (1, 1));
        assert_eq!((count(2, 4, false), count(1, 4, false)), (0, 2));
        assert_eq!(count(2, 2, true), 0);
    }
}
