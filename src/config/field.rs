//! What the field table says about one field of the experiment document.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::recipe::Recipe;

/// Label, limits, default and help of one field: the one source for validation, form and documentation.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FieldSpec {
    /// Path in the document; `lanes[]` stands for every lane: `lanes[].beta`.
    pub path: &'static str,
    /// Name in forms and tables.
    pub label: &'static str,
    /// Name inside a lane's difference text; a recipe or pattern may need none.
    pub short: &'static str,
    /// Unit of the value; empty for a pure number.
    pub unit: &'static str,
    /// Type of the value.
    pub kind: FieldKind,
    /// Least value, or least number of characters of a text.
    pub min: Option<f64>,
    /// Greatest value, greatest M of a pattern, or greatest number of characters of a text.
    pub max: Option<f64>,
    /// Increment in forms; an integer must be a multiple of it.
    pub step: Option<f64>,
    /// The values allowed, when they can be listed.
    pub choices: &'static [ChoiceSpec],
    /// Taken when an optional field is missing, and proposed by forms.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub default: DefaultValue,
    /// Whether a document without the field is refused.
    pub required: bool,
    /// Whether null is a value, explained in `help`.
    pub nullable: bool,
    /// What null means, in a word; nothing where null is no value.
    pub empty: &'static str,
    /// Values of the selector (`task.kind`, or a lane's `recipe`) with which the field has a meaning; empty
    /// means all. A task refuses fields of other kinds, a model or lane leaves unused ones alone.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub applies_to: Applies,
    /// What the field does, in one or two sentences.
    pub help: &'static str,
}

/// Type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FieldKind {
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// One of `choices`.
    Choice,
    /// `{"n": 1, "m": 4}`.
    Pattern,
    /// A line of text.
    Text,
    /// A list of distinct `choices`.
    Locations,
}

/// One value of a choice.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ChoiceSpec {
    /// As written in the document.
    pub value: &'static str,
    /// As shown to readers.
    pub label: &'static str,
    /// What choosing it does, where the label does not say.
    pub help: &'static str,
}

impl ChoiceSpec {
    /// A choice whose label says what it does.
    pub(super) const fn new(value: &'static str, label: &'static str) -> Self {
        Self { value, label, help: "" }
    }
}

/// The default of a field in a form that a constant can hold.
#[derive(Clone, Copy, Debug)]
pub enum DefaultValue {
    /// JSON null.
    Null,
    /// A whole number.
    Integer(u32),
    /// Any other number.
    Number(f64),
    /// A text or choice.
    Text(&'static str),
    /// N and M.
    Pattern(u32, u32),
    /// The empty list.
    NoLocations,
}

impl DefaultValue {
    /// The default as it stands in a document.
    pub fn json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(value) => json!(value),
            Self::Number(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Pattern(n, m) => json!({ "n": n, "m": m }),
            Self::NoLocations => json!([]),
        }
    }
}

impl Serialize for DefaultValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

/// With which tasks or recipes a field has a meaning.
#[derive(Clone, Copy, Debug)]
pub enum Applies {
    /// With all.
    Always,
    /// With tasks of these kinds.
    ToTasks(&'static [&'static str]),
    /// With the recipes for which this holds.
    ToRecipes(fn(Recipe) -> bool),
}

impl Applies {
    /// Whether the field has a meaning for a task of `kind`.
    pub fn to_task(self, kind: &str) -> bool {
        match self {
            Self::ToTasks(kinds) => kinds.contains(&kind),
            Self::Always | Self::ToRecipes(_) => true,
        }
    }

    /// Whether the field has a meaning for `recipe`.
    pub fn to_recipe(self, recipe: Recipe) -> bool {
        match self {
            Self::ToRecipes(holds) => holds(recipe),
            Self::Always | Self::ToTasks(_) => true,
        }
    }

    /// The selector values listed in [`FieldSpec::applies_to`]; empty means all.
    pub fn values(self) -> Vec<&'static str> {
        match self {
            Self::Always => Vec::new(),
            Self::ToTasks(kinds) => kinds.to_vec(),
            Self::ToRecipes(holds) => Recipe::ALL.into_iter().filter(|&r| holds(r)).map(Recipe::id).collect(),
        }
    }
}

impl Serialize for Applies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl FieldSpec {
    /// The part of the path before the key: empty, `task`, `lanes[]` ...
    pub fn group(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(group, _)| group)
    }

    /// The last part of the path.
    pub fn key(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }

    /// An optional field that always applies; the builders below add what differs.
    pub(super) const fn new(
        path: &'static str,
        label: &'static str,
        kind: FieldKind,
        default: DefaultValue,
        help: &'static str,
    ) -> Self {
        Self {
            path,
            label,
            short: "",
            unit: "",
            kind,
            min: None,
            max: None,
            step: None,
            choices: &[],
            default,
            required: false,
            nullable: false,
            empty: "",
            applies_to: Applies::Always,
            help,
        }
    }

    /// Least and greatest value, both allowed.
    pub(super) const fn range(self, min: f64, max: f64) -> Self {
        Self { min: Some(min), max: Some(max), ..self }
    }

    pub(super) const fn step(self, step: f64) -> Self {
        Self { step: Some(step), ..self }
    }

    pub(super) const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    pub(super) const fn short(self, short: &'static str) -> Self {
        Self { short, ..self }
    }

    pub(super) const fn choices(self, choices: &'static [ChoiceSpec]) -> Self {
        Self { choices, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Null is a value, and means `empty`.
    pub(super) const fn nullable(self, empty: &'static str) -> Self {
        Self { nullable: true, empty, ..self }
    }

    pub(super) const fn applies_to(self, applies_to: Applies) -> Self {
        Self { applies_to, ..self }
    }
}

/// A number as a reader writes it: `0.05`, `600`, `2e-4`.
pub(super) fn format_number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:e}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_a_reader_would() {
        let written: Vec<_> = [0.0, 0.05, 600.0, 2e-4, 1e-8, 1e-3, 1e6].into_iter().map(format_number).collect();
        assert_eq!(written, ["0", "0.05", "600", "2e-4", "1e-8", "0.001", "1000000"]);
    }
}
