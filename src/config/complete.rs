//! Walks a JSON document along the field table: reports what does not fit, fills in what is missing.

use serde_json::{Map, Value, json};

use super::{
    field::{FieldKind, FieldSpec, format_number},
    problems::Problems,
    table::{GROUPS, Group, MAX_LANES, fields_of},
};
use crate::pattern::NmPattern;

/// The document with every field present and every value within the table's limits.
///
/// A value at fault is reported and stands at its default, so that the other rules can still be
/// checked; a document with any report is refused in the end.
pub(super) fn complete(document: Value, problems: &mut Problems) -> Value {
    let Value::Object(mut given) = document else {
        problems.report("document", format!("must be an object {{...}}, not {}", describe(&document)));
        return Value::Null;
    };
    let mut completed = Map::new();
    take_fields("", "", &mut given, &mut completed, problems);
    for group in &GROUPS {
        let key = group.path.trim_end_matches("[]");
        let value = given.remove(key);
        if value.is_none() && group.required {
            problems.report(key, "is missing: every experiment states it");
        }
        let value = if group.path.ends_with("[]") {
            complete_list(group, key, value, problems)
        } else {
            complete_group(group, key, value, problems)
        };
        completed.insert(key.to_owned(), value);
    }
    let groups = GROUPS.iter().map(|group| group.path.trim_end_matches("[]"));
    report_unknown("", &given, &listed(fields_of("").map(FieldSpec::key).chain(groups)), problems);
    Value::Object(completed)
}

/// The lanes: a list of 1 to [`MAX_LANES`] objects.
fn complete_list(group: &Group, path: &str, value: Option<Value>, problems: &mut Problems) -> Value {
    let items = match value {
        Some(Value::Array(items)) => items,
        Some(other) => {
            problems.report(path, format!("must be a list [...], not {}", describe(&other)));
            Vec::new()
        }
        None => return Value::Array(vec![defaults(group)]),
    };
    if !(1..=MAX_LANES).contains(&items.len()) && problems.clean(&[path]) {
        problems.report(path, format!("must hold 1 to {MAX_LANES} lanes, not {}", items.len()));
    }
    let complete = |(index, item)| complete_group(group, &format!("{path}[{index}]"), Some(item), problems);
    Value::Array(items.into_iter().take(MAX_LANES).enumerate().map(complete).collect())
}

/// One nested object; an absent or unusable one is filled with defaults.
fn complete_group(group: &Group, path: &str, value: Option<Value>, problems: &mut Problems) -> Value {
    let mut given = match value {
        Some(Value::Object(given)) => given,
        Some(other) => {
            problems.report(path, format!("must be an object {{...}}, not {}", describe(&other)));
            return defaults(group);
        }
        None => return defaults(group),
    };
    let mut completed = Map::new();
    take_fields(group.path, path, &mut given, &mut completed, problems);
    report_unknown(path, &given, &listed(fields_of(group.path).map(FieldSpec::key)), problems);
    Value::Object(completed)
}

fn defaults(group: &Group) -> Value {
    let mut completed = Map::new();
    take_fields(group.path, "", &mut Map::new(), &mut completed, &mut Problems::default());
    Value::Object(completed)
}

/// Moves the fields of `group` from `given` to `completed`, checked or defaulted.
fn take_fields(
    group: &str,
    path: &str,
    given: &mut Map<String, Value>,
    completed: &mut Map<String, Value>,
    problems: &mut Problems,
) {
    for field in fields_of(group) {
        let path = join(path, field.key());
        let value = given.remove(field.key());
        // Fields of a task belong to some kinds only; the kind itself comes first in the table.
        let kind = completed.get("kind").and_then(Value::as_str).unwrap_or_default();
        if group == "task" && !field.applies_to.to_task(kind) {
            if value.is_some() && problems.clean(&["task.kind"]) {
                problems.report(path, format!("has no meaning for a task of kind {kind:?}: remove it"));
            }
            continue;
        }
        let value = match value {
            Some(value) => check(field, &path, value, problems),
            None if field.required => {
                problems.report(path, "is missing: every experiment states it");
                None
            }
            None => None,
        };
        completed.insert(field.key().to_owned(), value.unwrap_or_else(|| field.default.json()));
    }
}

/// The value if it fits its field; otherwise `None`, and the fault is reported.
fn check(field: &FieldSpec, path: &str, value: Value, problems: &mut Problems) -> Option<Value> {
    if value.is_null() && field.nullable {
        return Some(value);
    }
    let checked = match field.kind {
        FieldKind::Integer => check_number(field, &value).and_then(|number| check_integer(field, number)),
        FieldKind::Number => check_number(field, &value).map(Value::from),
        FieldKind::Text => check_text(field, &value),
        FieldKind::Choice => check_choice(field, &value),
        FieldKind::Locations => check_choices(field, &value),
        FieldKind::Pattern => return check_pattern(field, path, value, problems),
    };
    checked.map_err(|reason| problems.report(path, reason)).ok()
}

fn check_number(field: &FieldSpec, value: &Value) -> Result<f64, String> {
    let number = value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| {
        let kind = if field.kind == FieldKind::Integer { "a whole number" } else { "a number" };
        let null = if field.nullable { " or `null`" } else { "" };
        format!("must be {kind}{null}, not {}", describe(value))
    })?;
    let (min, max) = (field.min.unwrap_or(f64::MIN), field.max.unwrap_or(f64::MAX));
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    let limits = if min == max {
        format!("must be {}", format_number(min))
    } else {
        format!("must lie between {} and {}", format_number(min), format_number(max))
    };
    Err(format!("{limits}, not {}", format_number(number)))
}

/// JSON does not tell `600` from `600.0`, so both are whole.
fn check_integer(field: &FieldSpec, number: f64) -> Result<Value, String> {
    if number.fract() != 0.0 {
        return Err(format!("must be a whole number, not {}", format_number(number)));
    }
    let step = field.step.unwrap_or(1.0);
    if number % step != 0.0 {
        return Err(format!("must be a multiple of {}, not {}", format_number(step), format_number(number)));
    }
    Ok(Value::from(number as u64))
}

fn check_text(field: &FieldSpec, value: &Value) -> Result<Value, String> {
    let text = value.as_str().ok_or_else(|| format!("must be a text, not {}", describe(value)))?;
    let max = field.max.unwrap_or(f64::MAX);
    if text.trim().is_empty() || text.chars().count() as f64 > max {
        return Err(format!("must have 1 to {} characters", format_number(max)));
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    Ok(Value::from(text))
}

fn check_choice(field: &FieldSpec, value: &Value) -> Result<Value, String> {
    let known = || field.choices.iter().map(|choice| choice.value);
    match value.as_str() {
        Some(text) if known().any(|choice| choice == text) => Ok(Value::from(text)),
        _ => Err(format!("must be one of {}, not {}", listed(known()), describe(value))),
    }
}

fn check_choices(field: &FieldSpec, value: &Value) -> Result<Value, String> {
    let items = value.as_array().ok_or_else(|| format!("must be a list [...], not {}", describe(value)))?;
    for (index, item) in items.iter().enumerate() {
        check_choice(field, item).map_err(|reason| format!("each entry {reason}"))?;
        if items[..index].contains(item) {
            return Err(format!("names {item} twice: name it once"));
        }
    }
    Ok(value.clone())
}

/// A pattern can have several faults: N, M and foreign keys are reported one by one.
fn check_pattern(field: &FieldSpec, path: &str, value: Value, problems: &mut Problems) -> Option<Value> {
    let Value::Object(mut given) = value else {
        let null = if field.nullable { " or `null`" } else { "" };
        problems.report(path, format!("must be `{{\"n\": N, \"m\": M}}`{null}, not {}", describe(&value)));
        return None;
    };
    let part = FieldSpec { kind: FieldKind::Integer, nullable: false, ..*field };
    let mut take = |key: &str| {
        let path = join(path, key);
        let Some(value) = given.remove(key) else {
            problems.report(path, "is missing: a pattern has both n and m");
            return None;
        };
        check(&part, &path, value, problems)
    };
    let (n, m) = (take("n"), take("m"));
    report_unknown(path, &given, "n, m", problems);
    let (n, m) = (n?.as_u64()?, m?.as_u64()?);
    if let Err(error) = NmPattern::new(n as usize, m as usize) {
        problems.report(join(path, "n"), error.to_string());
        return None;
    }
    Some(json!({ "n": n, "m": m }))
}

fn report_unknown(path: &str, rest: &Map<String, Value>, known: &str, problems: &mut Problems) {
    for key in rest.keys() {
        problems.report(join(path, key), format!("is not a field; the fields here are {known}"));
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn listed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// A value as it appears in a reason: short values in full, long ones by type.
fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a long text".to_owned(),
        short => short.to_string(),
    }
}
