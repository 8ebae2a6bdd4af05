//! Collects every problem of a document, so that they can be reported together.

use crate::error::Problem;

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn report(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Problem::new(field, reason));
    }

    /// Whether nothing was reported for any of `paths` or for a part of one.
    ///
    /// Rules that relate fields ask this first: a field that is wrong by itself stands at its default
    /// meanwhile, and a second complaint about that default would mislead.
    pub(super) fn clean<S: AsRef<str>>(&self, paths: &[S]) -> bool {
        let inside = |field: &str, path: &str| {
            field.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        !self.0.iter().any(|problem| {
            paths.iter().any(|path| inside(&problem.field, path.as_ref()) || inside(path.as_ref(), &problem.field))
        })
    }

    /// The problems as an error, or nothing when there are none.
    pub(super) fn into_result(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_clean_unless_it_or_a_part_or_a_parent_is_reported() {
        let mut problems = Problems::default();
        problems.report("lanes[1].ff.m", "is wrong");
        assert!(!problems.clean(&["lanes[1].ff"]));
        assert!(!problems.clean(&["steps", "lanes[1]"]));
        assert!(!problems.clean(&["lanes[1].ff.m.deeper"]));
        assert!(problems.clean(&["lanes[1].f", "lanes[1].attention", "lanes[10].ff", "steps"]));
        assert_eq!(problems.into_result().unwrap_err().len(), 1);
    }
}
