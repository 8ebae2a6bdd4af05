//! Says in a line how a lane differs from the first.

use serde_json::{Map, Value};

use super::{
    field::{FieldKind, FieldSpec, format_number},
    raw::RawLane,
    table::fields_of,
};

/// How lane `index` differs from the first, such as `SR-STE, FF 1:4, seed 2`.
///
/// It lists, in table order, the fields that differ and that the lane's recipe uses; names do not count.
pub(super) fn describe(lanes: &[RawLane], index: usize) -> String {
    if index == 0 {
        return "baseline".to_owned();
    }
    let (first, lane) = (fields(&lanes[0]), fields(&lanes[index]));
    let differing: Vec<_> = fields_of("lanes[]")
        .filter(|field| field.key() != "name" && field.applies_to.to_recipe(lanes[index].recipe))
        .filter(|field| first[field.key()] != lane[field.key()])
        .map(|field| phrase(field, &lane[field.key()]))
        .collect();
    if differing.is_empty() { "same as the first lane".to_owned() } else { differing.join(", ") }
}

fn fields(lane: &RawLane) -> Map<String, Value> {
    match serde_json::to_value(lane) {
        Ok(Value::Object(fields)) => fields,
        _ => unreachable!("a lane is written as a JSON object"),
    }
}

/// The field's short name and the value: `lambda 5e-4`; a recipe stands alone.
fn phrase(field: &FieldSpec, value: &Value) -> String {
    format!("{} {}", field.short, written(field, value)).trim_start().to_owned()
}

fn written(field: &FieldSpec, value: &Value) -> String {
    let label = |value: &Value| {
        let choice = field.choices.iter().find(|choice| value == choice.value);
        choice.map_or_else(|| value.to_string(), |choice| choice.label.to_owned())
    };
    match (field.kind, value) {
        (FieldKind::Pattern, Value::Null) => "dense".to_owned(),
        (FieldKind::Pattern, pattern) => format!("{}:{}", pattern["n"], pattern["m"]),
        (_, Value::Null) => "auto".to_owned(),
        (_, Value::Array(choices)) => choices.iter().map(label).collect::<Vec<_>>().join(" "),
        (_, Value::Number(number)) => number.as_f64().map_or_else(|| number.to_string(), format_number),
        _ => label(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::ExperimentConfig;

    fn differences(lanes: &Value) -> Vec<String> {
        let experiment = ExperimentConfig::from_value(json!({
            "version": 1, "task": {"kind": "shapes"}, "model": {}, "steps": 100, "batch": 8, "lanes": lanes
        }));
        let experiment = experiment.unwrap();
        (0..experiment.lanes().len()).map(|index| experiment.lane_difference(index)).collect()
    }

    use super::*;

    #[test]
    fn only_differing_fields_are_named_in_table_order() {
        assert_eq!(
            differences(&json!([
                {"recipe": "mdgf-linear", "beta": 0.007},
                {"recipe": "mdgf-exponential", "seed": 2},
                {"recipe": "mdgf-linear", "beta": 0.007, "name": "a name is no difference"},
                {"recipe": "sr-ste", "lambda": 5e-4, "ff": {"n": 1, "m": 4}},
                {"recipe": "mdgf-linear", "beta": 0.007, "ff": null, "attention": {"n": 2, "m": 4},
                 "locations": ["q", "k"], "group_axis": "out", "gradient": "zero", "learning_rate": 0.01},
            ])),
            [
                "baseline",
                "MdGf-Exponential, beta auto, seed 2",
                "same as the first lane",
                "SR-STE, FF 1:4, lambda 5e-4",
                "FF dense, attention 2:4, on Q K, groups along output features, gradient zero, learning rate 0.01",
            ]
        );
    }

    #[test]
    fn fields_that_a_recipe_ignores_are_no_difference() {
        let lanes = json!([{"recipe": "sr-ste"}, {"recipe": "dense", "lambda": 0.5, "k": 8, "ff": null}]);
        assert_eq!(differences(&lanes), ["baseline", "Dense"]);
    }
}
