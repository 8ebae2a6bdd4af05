//! Brings documents of older layouts up to date and refuses newer ones.

use serde_json::Value;

use super::table::VERSION;
use crate::error::Problem;

/// Lifts a document from one version to the next, apart from the version number.
type Migration = fn(Value) -> Value;

/// Entry `i` lifts version `i + 1` to `i + 2`.
const MIGRATIONS: [Migration; VERSION as usize - 1] = [];

/// The document in the current layout.
///
/// A document whose version is absent or is no number passes unchanged, because the walk along the
/// field table reports that together with everything else.
pub(super) fn migrate(document: Value) -> Result<Value, Problem> {
    migrate_along(document, &MIGRATIONS)
}

fn migrate_along(mut document: Value, migrations: &[Migration]) -> Result<Value, Problem> {
    let current = migrations.len() as u64 + 1;
    let Some(version) = document.get("version").and_then(Value::as_u64).filter(|&version| version > 0) else {
        return Ok(document);
    };
    if version > current {
        return Err(Problem::new(
            "version",
            format!(
                "is {version}, but this nmflow reads up to {current}: the document comes from a newer one; \
                 reload the page or update the program"
            ),
        ));
    }
    for migration in &migrations[version as usize - 1..] {
        document = migration(document);
    }
    document["version"] = current.into();
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rename_size(mut document: Value) -> Value {
        document["width"] = document["size"].take();
        document
    }

    fn double_width(mut document: Value) -> Value {
        document["width"] = (document["width"].as_u64().unwrap() * 2).into();
        document
    }

    #[test]
    fn an_old_document_passes_every_migration_from_its_version_on() {
        let migrations: [Migration; 2] = [rename_size, double_width];
        let width =
            |document| migrate_along(document, &migrations).map(|new| (new["width"].clone(), new["version"].clone()));
        assert_eq!(width(json!({"version": 1, "size": 5})), Ok((json!(10), json!(3))));
        assert_eq!(width(json!({"version": 2, "width": 5})), Ok((json!(10), json!(3))));
        assert_eq!(width(json!({"version": 3, "width": 5})), Ok((json!(5), json!(3))));
    }

    #[test]
    fn a_newer_document_is_refused_by_its_version() {
        let problem = migrate(json!({"version": VERSION + 1, "novelty": true})).unwrap_err();
        assert_eq!(problem.field, "version");
        assert!(problem.reason.contains("newer"), "{}", problem.reason);
    }

    #[test]
    fn a_document_without_a_usable_version_is_left_to_validation() {
        for document in [json!({}), json!({"version": "1"}), json!({"version": 0}), json!(null)] {
            assert_eq!(migrate(document.clone()), Ok(document));
        }
    }
}
