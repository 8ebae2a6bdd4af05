//! Writes `docs/EXPERIMENT.md` from the field and recipe tables.

use std::fmt::Write;

use super::{
    Applies, DefaultValue, FieldKind, FieldSpec, GradientChoice, Recipe,
    field::format_number,
    table::{GROUPS, fields_of},
};

const INTRODUCTION: &str = "\
# The experiment document

<!-- Written from the tables in src/config by `UPDATE_DOCS=1 cargo test --release --lib experiment_document`. -->

An experiment is one JSON document. Unknown fields are refused, values outside the limits are refused, and
every problem is reported together with its field. A field without a default must be given; one that is left empty is
`null`. `lanes` is a list of 1 to 32 objects; lanes differ from one another only in the fields listed under *Lanes*.

A complete example is [`src/config/presets/default.json`](../src/config/presets/default.json).
";

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    section(&mut text, "Top level", "");
    for group in &GROUPS {
        section(&mut text, &format!("{} (`{}`)", group.title, group.path), group.path);
    }
    text.push_str("\n## Recipes\n\n| recipe | name | what it does | gradient of pruned weights |\n|---|---|---|---|\n");
    for recipe in Recipe::ALL {
        let row = recipe.row();
        let gradient = match row.gradient {
            _ if !recipe.prunes() => "none is pruned".to_owned(),
            GradientChoice::Fixed(rule) => {
                format!("`{}`", serde_json::to_value(rule).unwrap().as_str().unwrap())
            }
            GradientChoice::OfLane => "the lane's `gradient`".to_owned(),
        };
        writeln!(text, "| `{}` | {} | {} | {gradient} |", row.id, row.label, row.summary).unwrap();
    }
    text
}

fn section(text: &mut String, title: &str, group: &str) {
    write!(text, "\n## {title}\n\n| field | meaning | values | default |\n|---|---|---|---|\n").unwrap();
    for field in fields_of(group) {
        let (used, default) = (users(field.applies_to), default(field));
        writeln!(text, "| `{}` | {}{used} | {} | {default} |", field.key(), field.help, values(field)).unwrap();
    }
}

/// With which tasks or recipes a field has a meaning, when not with all.
fn users(applies_to: Applies) -> String {
    match applies_to {
        Applies::Always => String::new(),
        Applies::ToRecipes(holds) if Recipe::ALL.into_iter().all(|recipe| holds(recipe) == recipe.prunes()) => {
            format!(" For every recipe but `{}`.", Recipe::Dense.id())
        }
        _ => format!(" For {}.", quoted(applies_to.values().into_iter())),
    }
}

fn default(field: &FieldSpec) -> String {
    match field.default {
        _ if field.required => "required".to_owned(),
        DefaultValue::Pattern(n, m) => format!("`{{\"n\": {n}, \"m\": {m}}}`"),
        value => format!("`{}`", value.json()),
    }
}

fn values(field: &FieldSpec) -> String {
    let limits = || {
        let [min, max] = [field.min, field.max].map(|limit| format_number(limit.unwrap()));
        if min == max { min } else { format!("{min} to {max}") }
    };
    let mut text = match field.kind {
        FieldKind::Integer => match field.step {
            Some(step) => format!("multiples of {}, {}", format_number(step), limits()),
            None => format!("whole, {}", limits()),
        },
        FieldKind::Number => limits(),
        FieldKind::Text => format!("text, {} characters", limits()),
        FieldKind::Choice => quoted(field.choices.iter().map(|choice| choice.value)),
        FieldKind::Locations => format!("list of {}", quoted(field.choices.iter().map(|choice| choice.value))),
        FieldKind::Pattern => format!("`{{\"n\": N, \"m\": M}}`, N <= M, {}", limits()),
    };
    if !field.unit.is_empty() {
        write!(text, " {}", field.unit).unwrap();
    }
    if field.nullable {
        text.push_str(", or null");
    }
    text
}

fn quoted<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_experiment_document_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/EXPERIMENT.md");
    let current = document();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).expect("docs/ can be made");
        std::fs::write(path, &current).expect("docs/EXPERIMENT.md can be written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == current,
        "docs/EXPERIMENT.md is stale: run UPDATE_DOCS=1 cargo test --release --lib experiment_document"
    );
}
