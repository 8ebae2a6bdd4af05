//! Says in a line how a lane differs from the first, and names lanes after what tells them apart.

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
        return "first lane".to_owned();
    }
    let (first, lane) = (fields(&lanes[0]), fields(&lanes[index]));
    let differing: Vec<_> = fields_of("lanes[]")
        .filter(|field| field.key() != "name" && field.applies_to.to_recipe(lanes[index].recipe))
        .filter(|field| first[field.key()] != lane[field.key()])
        .map(|field| phrase(field, &lane[field.key()]))
        .collect();
    if differing.is_empty() { "same as the first lane".to_owned() } else { differing.join(", ") }
}

/// Name of every lane: its own, or an automatic one, which follows whatever is changed in the lane.
///
/// An automatic name is the recipe's, with the fields in which lanes of that recipe differ: `SR-STE 1:4`,
/// `MdGf-Exp, beta 0.01`. A seed is named where it is not that of the first of them. A name that another lane has
/// already is numbered.
pub fn names(lanes: &[RawLane]) -> Vec<String> {
    let mut taken: Vec<String> = lanes.iter().filter_map(|lane| lane.name.clone()).collect();
    let mut name = |lane: &RawLane| {
        let name = automatic(lane, lanes);
        let numbered = (2..).map(|number| format!("{name} {number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
        let free = free.expect("there are more numbers than lanes");
        taken.push(free.clone());
        free
    };
    lanes.iter().map(|lane| lane.name.clone().unwrap_or_else(|| name(lane))).collect()
}

/// The lane's recipe and what tells it from others of that recipe.
fn automatic(lane: &RawLane, lanes: &[RawLane]) -> String {
    let alike: Vec<_> = lanes.iter().filter(|other| other.recipe == lane.recipe).map(fields).collect();
    let own = fields(lane);
    let telling = fields_of("lanes[]").filter(|field| match field.key() {
        "name" | "recipe" => false,
        "seed" => alike[0]["seed"] != own["seed"],
        key => field.applies_to.to_recipe(lane.recipe) && alike.iter().any(|other| other[key] != own[key]),
    });
    telling.fold(lane.recipe.short().to_owned(), |name, field| match (field.key(), &own[field.key()]) {
        ("ff", pattern @ Value::Object(_)) => format!("{name} {}", written(field, pattern)),
        ("locations", Value::Array(none)) if none.is_empty() => name,
        (_, value) => format!("{name}, {}", phrase(field, value)),
    })
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

/// Unit of the fields that a reader takes as per cents.
const SHARE_OF_STEPS: &str = "of the steps";

/// A share as `5 %`, `1.25 %`.
fn percent(share: &Value) -> String {
    let percent = share.as_f64().unwrap_or(f64::NAN) * 100.0;
    // Five digits name every step of a budget, and hide that 0.07 is no binary fraction.
    format!("{} %", format_number((percent * 1000.0).round() / 1000.0))
}

fn written(field: &FieldSpec, value: &Value) -> String {
    let label = |value: &Value| {
        let choice = field.choices.iter().find(|choice| value == choice.value);
        choice.map_or_else(|| value.to_string(), |choice| choice.label.to_owned())
    };
    match (field.kind, value) {
        (_, Value::Null) => field.empty.to_owned(),
        (FieldKind::Pattern, pattern) => format!("{}:{}", pattern["n"], pattern["m"]),
        (_, Value::Array(choices)) => choices.iter().map(label).collect::<Vec<_>>().join(" "),
        (FieldKind::Number, share) if field.unit == SHARE_OF_STEPS => percent(share),
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
                "first lane",
                "MdGf-Exponential, beta auto, seed 2",
                "same as the first lane",
                "SR-STE, FF 1:4, lambda 5e-4",
                "FF dense, attention 2:4, on Q K, groups along output features, gradient zero, learning rate 0.01",
            ]
        );
    }

    fn named(lanes: &Value) -> Vec<String> {
        ExperimentConfig::lane_names(json!({
            "version": 1, "task": {"kind": "shapes"}, "model": {}, "steps": 100, "batch": 8, "lanes": lanes
        }))
    }

    #[test]
    fn a_lane_without_a_name_is_called_after_its_recipe_and_what_tells_it_from_others_of_it() {
        let ff = |n, m| json!({"n": n, "m": m});
        assert_eq!(
            named(&json!([
                {"recipe": "dense"},
                {"recipe": "sr-ste", "ff": ff(1, 4)},
                {"recipe": "sr-ste", "ff": ff(1, 16)},
                {"recipe": "mdgf-exponential", "seed": 7},
                {"recipe": "mdgf-exponential", "seed": 7, "beta": 0.01, "dense_frac": 0.07},
                {"recipe": "mdgf-exponential", "seed": 8},
            ])),
            [
                "Dense",
                "SR-STE 1:4",
                "SR-STE 1:16",
                "MdGf-Exp, beta auto, dense phase 5 %",
                "MdGf-Exp, beta 0.01, dense phase 7 %",
                "MdGf-Exp, beta auto, dense phase 5 %, seed 8",
            ]
        );
        let attention = json!({"recipe": "ste", "attention": ff(1, 4), "locations": ["q", "k"]});
        assert_eq!(
            named(&json!([{"recipe": "ste"}, attention])),
            ["STE, attention dense", "STE, attention 1:4, on Q K"]
        );
    }

    #[test]
    fn an_automatic_name_is_no_other_lane_s_and_a_given_one_stays() {
        let lanes = json!([
            {"recipe": "sr-ste", "name": "MdGf-Exp"}, {"recipe": "ste"}, {"recipe": "ste"}, {"recipe": "ste", "seed": 1},
            {"recipe": "mdgf-exponential"}
        ]);
        assert_eq!(named(&lanes), ["MdGf-Exp", "STE", "STE 2", "STE, seed 1", "MdGf-Exp 2"]);
    }

    #[test]
    fn lanes_of_a_faulty_document_are_named_as_far_as_it_can_be_read() {
        assert_eq!(
            named(&json!([{"recipe": "ste", "ff": "1:4", "k": 3, "seed": -1}, {"recipe": "dense"}])),
            ["STE", "Dense"]
        );
        assert_eq!(ExperimentConfig::lane_names(json!("nothing")), [""; 0]);
    }

    #[test]
    fn fields_that_a_recipe_ignores_are_no_difference() {
        let lanes = json!([{"recipe": "sr-ste"}, {"recipe": "dense", "lambda": 0.5, "k": 8, "ff": null}]);
        assert_eq!(differences(&lanes), ["first lane", "Dense"]);
    }
}
