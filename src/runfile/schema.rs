//! The JSON Schema of run files, written from the field table and held to real files.

use serde_json::{Map, Value, json};

use super::{FORMAT, RunFile, VERSION};
use crate::config::{Applies, FIELDS, FieldKind, FieldSpec, MAX_LANES, VERSION as DOCUMENT_VERSION};
use crate::fingerprint;

/// An object that needs all of `properties` and knows no others.
fn object(properties: &Value) -> Value {
    let required: Vec<_> = properties.as_object().expect("properties").keys().cloned().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

fn steps() -> Value {
    list(&json!({"type": "integer", "minimum": 0}))
}

fn values() -> Value {
    json!({"type": "object", "additionalProperties": list(&json!({"type": ["number", "null"]}))})
}

fn field(spec: &FieldSpec) -> Value {
    let choices: Vec<_> = spec.choices.iter().map(|choice| choice.value).collect();
    let kind = match spec.kind {
        FieldKind::Integer => json!({"type": "integer", "minimum": spec.min, "maximum": spec.max}),
        FieldKind::Number => json!({"type": "number", "minimum": spec.min, "maximum": spec.max}),
        FieldKind::Text => json!({"type": "string", "minLength": spec.min, "maxLength": spec.max}),
        FieldKind::Choice => json!({"enum": choices}),
        FieldKind::Locations => json!({"type": "array", "items": {"enum": choices}, "uniqueItems": true}),
        FieldKind::Pattern => {
            let n = json!({"type": "integer", "minimum": 1, "maximum": spec.max});
            object(&json!({"n": n, "m": n}))
        }
    };
    let mut kind = without_nulls(kind);
    if spec.nullable {
        kind = json!({"anyOf": [kind, {"type": "null"}]});
    }
    kind["description"] = spec.help.into();
    kind
}

fn without_nulls(mut schema: Value) -> Value {
    schema.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    schema
}

/// The fields below `group` as an object; `holds` selects them.
fn group(prefix: &str, holds: impl Fn(&FieldSpec) -> bool) -> Value {
    let inside = |spec: &&FieldSpec| {
        let key = spec.path.strip_prefix(prefix);
        key.is_some_and(|key| !key.is_empty() && !key.contains('.')) && holds(spec)
    };
    let fields = FIELDS.iter().filter(inside);
    let properties: Map<String, Value> =
        fields.map(|spec| (spec.path[prefix.len()..].to_owned(), field(spec))).collect();
    object(&Value::Object(properties))
}

/// One object per kind of task, each with its own fields.
fn task() -> Value {
    let kinds = FIELDS.iter().find(|spec| spec.path == "task.kind").expect("tasks have kinds").choices;
    let of = |kind: &str| {
        let applies = |spec: &FieldSpec| match spec.applies_to {
            Applies::Always => true,
            other => other.values().contains(&kind),
        };
        let mut task = group("task.", applies);
        task["properties"]["kind"] = json!({"const": kind});
        task
    };
    json!({"anyOf": kinds.iter().map(|kind| of(kind.value)).collect::<Vec<_>>()})
}

fn document() -> Value {
    let mut document = group("", |_| true);
    let mut add = |key: &str, schema: Value| {
        document["properties"][key] = schema;
        let required = document["required"].as_array_mut().expect("a list");
        if !required.contains(&json!(key)) {
            required.push(json!(key));
        }
    };
    add("version", json!({"const": DOCUMENT_VERSION}));
    add("task", task());
    for part in ["model", "optimizer", "eval"] {
        add(part, group(&format!("{part}."), |_| true));
    }
    let mut lanes = list(&group("lanes[].", |_| true));
    (lanes["minItems"], lanes["maxItems"]) = (1.into(), MAX_LANES.into());
    add("lanes", lanes);
    document
}

fn fingerprint_schema() -> Value {
    let hash = json!({"type": "string", "pattern": "^[0-9a-f]{16}$"});
    object(&json!({
        "version": {"const": fingerprint::VERSION}, "nmflow": {"type": "string"}, "device": {"type": "string"},
        "steps": steps(), "lanes": list(&object(&json!({"weights": hash, "metrics": hash, "values": values()}))),
    }))
}

fn schema() -> Value {
    let text = json!({"type": "string"});
    let mut schema = object(&json!({
        "format": {"const": FORMAT}, "version": {"const": VERSION}, "nmflow": text,
        "backend": {"type": ["string", "null"]}, "adapter": {"type": ["string", "null"]},
        "document": document(),
        "metrics": list(&object(&json!({"key": text, "label": text, "unit": text, "help": text}))),
        "steps": steps(),
        "elapsed_s": list(&json!({"type": ["number", "null"], "minimum": 0})),
        "lanes": list(&object(&json!({"name": text, "difference": text, "metrics": values()}))),
        "fingerprint": {"anyOf": [fingerprint_schema(), {"type": "null"}]},
    }));
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A run of nmflow and its results");
    schema
}

/// Why `value` does not keep `schema`, for the keywords that [`schema`] uses.
fn fault(schema: &Value, value: &Value, path: &str) -> Option<String> {
    let say = |what: &str| Some(format!("{path}: {what}"));
    if let Some(any) = schema["anyOf"].as_array() {
        let faults: Vec<_> = any.iter().map(|schema| fault(schema, value, path)).collect();
        return if faults.iter().any(Option::is_none) { None } else { faults.into_iter().next().flatten() };
    }
    if schema.get("const").is_some_and(|constant| constant != value) {
        return say("is another constant");
    }
    if schema["enum"].as_array().is_some_and(|choices| !choices.contains(value)) {
        return say("is none of the choices");
    }
    let is = |kind: &Value| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => panic!("{path}: unknown type {kind}"),
    };
    let kinds = match &schema["type"] {
        Value::Null => Vec::new(),
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    if !kinds.is_empty() && !kinds.iter().any(is) {
        return say("has another type");
    }
    let limit = |key: &str| schema[key].as_f64();
    if let Some(number) = value.as_f64()
        && (limit("minimum").is_some_and(|least| number < least) || limit("maximum").is_some_and(|most| number > most))
    {
        return say("lies beyond the limits");
    }
    if let Some(items) = value.as_array() {
        return items.iter().enumerate().find_map(|(i, item)| fault(&schema["items"], item, &format!("{path}[{i}]")));
    }
    let object = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|key| !object.contains_key(*key)) {
        return say(&format!("lacks {missing}"));
    }
    object.iter().find_map(|(key, value)| {
        let own = schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]);
        if own == &Value::Bool(false) {
            return say(&format!("has an unknown {key}"));
        }
        fault(own, value, &format!("{path}.{key}"))
    })
}

#[test]
fn the_published_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/run-file.schema.json");
    let fresh = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == fresh, "UPDATE_DOCS=1 cargo test --release --lib schema writes docs/run-file.schema.json anew");
}

#[test]
fn the_schema_accepts_what_is_written_and_refuses_what_is_not() {
    let run = super::read::tests::run();
    assert_eq!(fault(&schema(), &run, "run"), None);
    let refuse = |change: &dyn Fn(&mut Value), what: &str| {
        let mut changed = run.clone();
        change(&mut changed);
        let fault = fault(&schema(), &changed, "run").unwrap_or_default();
        assert!(fault.contains(what), "{fault:?} instead of {what:?}");
        assert!(RunFile::from_value(changed).is_err(), "the reader accepts what the schema refuses: {what}");
    };
    refuse(&|run| run["script"] = json!("alert(1)"), "run: has an unknown script");
    refuse(&|run| run["document"]["model"]["layers"] = json!(200), "run.document.model.layers: lies beyond");
    refuse(&|run| run["document"]["task"]["kind"] = json!("magic"), "run.document.task");
    refuse(&|run| run["lanes"][0]["metrics"]["val_loss"][0] = json!("0"), "metrics.val_loss[0]: has another type");
    refuse(&|run| drop(run.as_object_mut().unwrap().remove("steps")), "run: lacks steps");
    for preset in &crate::config::PRESETS {
        let document = serde_json::to_value(preset.experiment().document()).unwrap();
        assert_eq!(fault(&schema()["properties"]["document"], &document, preset.id), None);
    }
}
