//! Documents with faults, and what is reported about them.

use serde_json::{Value, json};

use super::*;

/// A valid document of one SR-STE lane; `edit` spoils it.
fn problems(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = json!({
        "version": 1,
        "task": {"kind": "shapes"},
        "model": {"layers": 1, "heads": 4, "d_model": 64, "d_ff": 256, "patch": 4},
        "lanes": [{"recipe": "sr-ste"}],
        "steps": 100,
        "batch": 8,
    });
    edit(&mut document);
    let found = ExperimentConfig::from_value(document).err().unwrap_or_default();
    for problem in &found {
        assert_words_of_the_document_are_marked(&problem.reason);
    }
    found.iter().map(ToString::to_string).collect()
}

/// Readers of the page see the form's label for every key in backticks, so each must be one, and none stand without.
fn assert_words_of_the_document_are_marked(reason: &str) {
    let known = |word: &str| FIELDS.iter().any(|field| field.path == word || field.key() == word);
    for (index, part) in reason.split('`').enumerate() {
        let marked = index % 2 == 1;
        assert!(!marked || known(part) || part == "null" || part.starts_with("{\"n\""), "{reason}");
        let mut words = part.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let listed = reason.starts_with("is not a field;");
        assert!(marked || listed || words.all(|word| word != "null" && !word.contains('_')), "{reason}");
    }
}

/// The one problem of the document with `lane` as its only lane.
fn lane_problem(lane: &Value) -> String {
    let found = problems(|document| document["lanes"] = json!([lane]));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

fn lane_is_valid(lane: &Value) {
    assert_eq!(problems(|document| document["lanes"] = json!([lane])), [""; 0]);
}

#[test]
fn missing_fields_take_the_defaults_of_the_table() {
    let experiment = ExperimentConfig::from_value(json!({
        "version": 1, "task": {"kind": "shapes"}, "model": {}, "lanes": [{"recipe": "sr-ste"}], "steps": 100, "batch": 8,
    }));
    let experiment = experiment.unwrap();
    assert_eq!(experiment.name(), "Untitled experiment");
    assert_eq!(experiment.task(), &TaskConfig::Shapes { noise: 0.6 });
    assert_eq!((experiment.optimizer().beta2, experiment.report_every()), (0.999, 10));
    let lane = &experiment.lanes()[0];
    assert_eq!(lane.name, "SR-STE");
    assert_eq!((lane.lambda, lane.beta, lane.seed), (2e-4, None, 0));
    assert_eq!(lane.target(Site::Ff2).unwrap().to_string(), "1:16");
    assert_eq!(lane.target(Site::Q), None);
}

#[test]
fn every_problem_is_reported_at_once() {
    let found = problems(|document| {
        document["colour"] = json!("red");
        document["steps"] = json!("many");
        document["model"]["layers"] = json!(13);
        document["model"]["widht"] = json!(64);
        document["optimizer"] = json!({"beta1": 1.5});
        document["lanes"] = json!([
            {"recipe": "sr-ste", "ff": {"n": 5, "m": 4}},
            {"recipe": "wish", "seed": -1, "ff": {"n": 0, "m": 4, "o": 1}},
            {"recipe": "ste", "ff": {"n": 1, "m": 48}},
        ]);
        document["eval"] = json!({"every": 15});
    });
    let expected = [
        "steps: must be a whole number, not \"many\"",
        "model.layers: must lie between 1 and 12, not 13",
        "model.widht: is not a field; the fields here are layers, heads, d_model, d_ff, patch, window",
        "optimizer.beta1: must lie between 0 and 0.9999, not 1.5",
        "lanes[0].ff.n: N = 5 exceeds M = 4: keep at most M of M weights",
        "lanes[1].recipe: must be one of dense, ste, sr-ste, mdgf-linear, mdgf-exponential, sdgf-stepwise, \
         sdgf-geometric, densify, one-shot, sr-ste-annealed, s-ste, step, mdgf-sdgf, sparse-then-dense, not \"wish\"",
        "lanes[1].ff.n: must lie between 1 and 4096, not 0",
        "lanes[1].ff.o: is not a field; the fields here are n, m",
        "lanes[1].seed: must lie between 0 and 9007199254740991, not -1",
        "colour: is not a field; the fields here are version, name, steps, batch, report_every, task, model, \
         optimizer, lanes, eval",
        "eval.every: 15 is not a multiple of `report_every` = 10, but an evaluation travels with a report: make it 20, \
         or change `report_every`",
        "lanes[2].ff.m: groups of 48 do not divide the 64 input features of FF1 (stage 1:48 of STE): choose an M that \
         divides 64, or another `d_model` or `d_ff`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn required_fields_cannot_be_left_out() {
    let found = ExperimentConfig::from_value(json!({})).unwrap_err();
    let fields: Vec<_> = found.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["version", "steps", "batch", "task", "model", "lanes"]);
    assert_eq!(
        problems(|document| document["task"] = json!({})),
        ["task.kind: is missing: every experiment states it"]
    );
}

#[test]
fn what_is_no_document_is_named_as_such() {
    let reason = |text: &str| ExperimentConfig::from_json(text).unwrap_err()[0].to_string();
    assert!(reason("{").starts_with("document: is not valid JSON"));
    assert!(
        reason(r#"{"version": 1, "steps": 1e999}"#).starts_with("document: is not valid JSON: number out of range")
    );
    assert_eq!(reason("[]"), "document: must be an object {...}, not a list");
    assert_eq!(problems(|document| document["lanes"] = json!([])), ["lanes: must hold 1 to 32 lanes, not 0"]);
    assert_eq!(
        problems(|document| document["lanes"] = json!(vec![json!({}); 33])),
        ["lanes: must hold 1 to 32 lanes, not 33"]
    );
    assert_eq!(problems(|document| document["model"] = json!(3)), ["model: must be an object {...}, not 3"]);
    assert_eq!(problems(|document| document["lanes"] = json!({})), ["lanes: must be a list [...], not an object"]);
}

#[test]
fn whole_numbers_may_be_written_with_a_point() {
    assert_eq!(problems(|document| document["steps"] = json!(100.0)), [""; 0]);
    assert_eq!(problems(|document| document["steps"] = json!(100.5)), ["steps: must be a whole number, not 100.5"]);
    assert_eq!(
        problems(|document| document["model"]["d_ff"] = json!(250)),
        ["model.d_ff: must be a multiple of 4, not 250"]
    );
}

#[test]
fn not_a_number_is_not_the_automatic_beta() {
    let mut document = PRESETS[0].experiment().document().clone();
    document.lanes[2].beta = Some(f64::NAN);
    document.lanes[1].learning_rate = f64::INFINITY;
    let found = ExperimentConfig::try_from(document).unwrap_err();
    let fields: Vec<_> = found.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["lanes[1].learning_rate", "lanes[2].beta"]);
}

#[test]
fn a_field_of_another_task_is_refused() {
    assert_eq!(
        problems(|document| document["task"] = json!({"kind": "shapes", "validation_frac": 0.2})),
        ["task.validation_frac: has no meaning for a task of kind \"shapes\": remove it"]
    );
}

#[test]
fn heads_must_divide_the_width_into_usable_parts() {
    let heads = |heads, d_model| {
        problems(|document| {
            document["model"]["heads"] = json!(heads);
            document["model"]["d_model"] = json!(d_model);
        })
    };
    assert_eq!(heads(3, 96), [""; 0]);
    for (count, d_model, hint) in [(3, 64, "1, 2, 4, 8, 16 would do"), (32, 64, "1, 2, 4"), (1, 128, "2, 4, 8, 16, 32")]
    {
        let found = heads(count, d_model);
        assert!(found.len() == 1 && found[0].starts_with("model.heads:") && found[0].contains(hint), "{found:?}");
    }
}

#[test]
fn groups_must_divide_the_axis_of_every_matrix_they_are_used_on() {
    // FF2 has 256 inputs but FF1 only 64, so 1:128 fails along "in"; along "out" it is FF2 that has 64.
    let wide = |axis| lane_problem(&json!({"recipe": "ste", "ff": {"n": 1, "m": 128}, "group_axis": axis}));
    assert!(wide("in").contains("64 input features of FF1"), "{}", wide("in"));
    assert!(wide("out").contains("64 output features of FF2"), "{}", wide("out"));
    let attention = json!({"recipe": "ste", "ff": null, "attention": {"n": 1, "m": 5}, "locations": ["v"]});
    assert!(
        lane_problem(&attention)
            .starts_with("lanes[0].attention.m: groups of 5 do not divide the 64 input features of V")
    );
    lane_is_valid(&json!({"recipe": "dense", "ff": {"n": 1, "m": 128}}));
}

#[test]
fn every_stage_must_divide_too() {
    let geometric = |k| json!({"recipe": "sdgf-geometric", "ff": {"n": 1, "m": 16}, "k": k});
    lane_is_valid(&geometric(4));
    let problem = lane_problem(&geometric(8));
    assert!(problem.starts_with("lanes[0].k: groups of 128 do not divide the 64"), "{problem}");
    assert!(problem.contains("use `k` = 4"), "{problem}");
    assert_eq!(lane_problem(&geometric(6)), "lanes[0].k: must be a power of two, not 6: use 4 or 8");
    lane_is_valid(&json!({"recipe": "sr-ste", "k": 6}));

    lane_is_valid(&json!({"recipe": "densify", "ff": {"n": 1, "m": 8}}));
    let problem = lane_problem(&json!({"recipe": "densify", "ff": {"n": 1, "m": 16}}));
    assert!(problem.contains("stage 1:128 of Densify") && problem.contains("M of which 8 divides 64"), "{problem}");

    let problem = lane_problem(&json!({"recipe": "sdgf-stepwise", "ff": {"n": 3, "m": 8}}));
    assert!(problem.starts_with("lanes[0].ff.m:") && problem.ends_with("such as 12"), "{problem}");
}

#[test]
fn attention_and_locations_come_together_and_something_is_pruned() {
    let lane = |ff: Value, attention: Value, locations: Value| json!({"recipe": "ste", "ff": ff, "attention": attention, "locations": locations});
    let pattern = json!({"n": 1, "m": 4});
    lane_is_valid(&lane(json!(null), pattern.clone(), json!(["k", "q"])));
    assert!(lane_problem(&lane(json!(null), json!(null), json!([]))).contains("STE prunes nothing"));
    assert!(lane_problem(&lane(json!(null), pattern.clone(), json!([]))).starts_with("lanes[0].locations: is empty"));
    assert!(
        lane_problem(&lane(pattern.clone(), json!(null), json!(["q"]))).starts_with("lanes[0].attention: is `null`")
    );
    assert!(lane_problem(&lane(json!(null), pattern, json!(["q", "q"]))).contains("names \"q\" twice"));
}

#[test]
fn the_phases_must_leave_room_for_the_recipe() {
    let stepwise = |dense: f64| json!({"recipe": "sdgf-stepwise", "dense_frac": dense, "finetune_frac": 0.2});
    lane_is_valid(&stepwise(0.75));
    assert!(lane_problem(&stepwise(0.76)).contains("needs at least 5 step(s) to sparsify, but of 100 steps"));
    assert!(lane_problem(&stepwise(0.9)).contains("leave 0: lower `dense_frac`, `finetune_frac`, or raise `steps`"));
    let late = |beta: Value| json!({"recipe": "mdgf-linear", "dense_frac": 0.75, "beta": beta});
    lane_is_valid(&late(json!(0.1)));
    assert!(
        lane_problem(&late(json!(null)))
            .starts_with("lanes[0].beta: is automatic, which brings D to 0 by 70 % of the steps")
    );
}

#[test]
fn absurd_sizes_are_refused_before_they_are_allocated() {
    let found = problems(|document| {
        document["model"] = json!({"layers": 12, "heads": 16, "d_model": 1024, "d_ff": 4096, "patch": 1});
        document["lanes"] = json!(vec![json!({"recipe": "dense"}); 32]);
        document["batch"] = json!(1024);
    });
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("batch: one activation of all lanes would hold 34359738368"), "{}", found[0]);
    assert!(found[1].starts_with("model: 4831838208 weights over all lanes"), "{}", found[1]);
}

#[test]
fn text_tasks_leave_the_patch_alone_and_images_hold_their_windows() {
    assert_eq!(problems(|d| d["task"] = json!({"kind": "grammar", "context": 32})), [""; 0]);
    assert_eq!(
        problems(|d| {
            d["task"] = json!({"kind": "numbers"});
            d["model"]["patch"] = json!(5);
        }),
        [""; 0]
    );
    assert_eq!(
        problems(|d| d["task"] = json!({"kind": "text", "context": 1})),
        ["task.context: must lie between 2 and 256, not 1"]
    );
    assert_eq!(problems(|d| d["model"]["window"] = json!(2)), [""; 0]);
    assert_eq!(
        problems(|d| d["model"]["window"] = json!(5)),
        [
            "model.window: 5 is more than the 4 x 4 patches of an image: use at most 4, or `null` for attention to the whole \
          image"
        ]
    );
}

#[test]
fn the_patch_must_tile_the_image_once_that_is_known() {
    let patch = |task: &str, side: u32| {
        problems(|document| {
            document["task"] = json!({"kind": task});
            document["model"]["patch"] = json!(side);
        })
    };
    assert_eq!(patch("shapes", 5), ["model.patch: 5 does not divide images of 16x16 pixels: use 1, 2, 4, 8, 16"]);
    assert_eq!(patch("cifar10", 32), [""; 0]);
    assert_eq!(patch("idx", 7), [""; 0]);
    let mnist = Preset::find("mnist").unwrap().experiment();
    assert_eq!(mnist.fit_image(28, 28), Ok(()));
    assert_eq!(mnist.fit_image(30, 28).unwrap_err()[0].field, "model.patch");
}

#[test]
fn one_batch_has_no_variance() {
    let found = problems(|document| document["eval"] = json!({"noise_batches": 1}));
    assert_eq!(found, ["eval.noise_batches: is 1, but a variance needs at least two batches: use 0, or 2 and more"]);
}

#[test]
fn step_needs_a_dense_phase_to_estimate_the_second_moment_in() {
    let found = problems(|document| document["lanes"] = json!([{"recipe": "step", "dense_frac": 0.0}]));
    assert_eq!(
        found,
        [
            "lanes[0].dense_frac: STEP keeps the second moment that the dense phase leaves, so it needs one: raise `dense_frac`"
        ]
    );
}

#[test]
fn lanes_know_which_fields_their_recipe_ignores() {
    let unused = |recipe: &str| {
        let experiment = ExperimentConfig::from_value(json!({
            "version": 1, "task": {"kind": "shapes"}, "model": {}, "steps": 100, "batch": 8,
            "lanes": [{"recipe": recipe, "k": 4, "ff": {"n": 1, "m": 4}}],
        }));
        let lane = &experiment.unwrap().lanes()[0].clone();
        let known = fields_of("lanes[]").count();
        assert_eq!(lane.used_fields().len() + lane.unused_fields().len(), known);
        lane.unused_fields().join(" ")
    };
    assert_eq!(unused("sr-ste"), "gradient beta k finetune_frac");
    assert_eq!(unused("mdgf-exponential"), "lambda k");
    assert_eq!(unused("sdgf-geometric"), "beta lambda");
    assert_eq!(unused("one-shot"), "gradient beta lambda k mask_every finetune_frac");
    assert_eq!(unused("s-ste"), "gradient beta lambda k mask_every finetune_frac");
    assert_eq!(unused("sparse-then-dense"), "gradient beta k");
    assert_eq!(
        unused("dense"),
        "ff attention locations group_axis gradient beta lambda k mask_every dense_frac finetune_frac"
    );
}

#[test]
fn the_table_is_sound() {
    for field in &FIELDS {
        assert!(field.group().is_empty() || GROUPS.iter().any(|group| group.path == field.group()), "{}", field.path);
        assert!(field.help.ends_with('.'), "{}", field.path);
        assert!(!field.default.json().is_null() || field.nullable, "{}", field.path);
        assert_eq!(field.nullable, !field.empty.is_empty(), "{}", field.path);
        let numeric =
            matches!(field.kind, FieldKind::Integer | FieldKind::Number | FieldKind::Pattern | FieldKind::Text);
        assert_eq!(field.min.is_some() && field.max.is_some(), numeric, "{}", field.path);
        let listed = matches!(field.kind, FieldKind::Choice | FieldKind::Locations);
        assert_eq!(!field.choices.is_empty(), listed, "{}", field.path);
    }
    let spec = serde_json::to_value(FIELDS.iter().find(|field| field.path == "lanes[].beta").unwrap()).unwrap();
    assert_eq!(spec["default"], Value::Null);
    assert_eq!(spec["applies_to"], json!(["mdgf-linear", "mdgf-exponential", "mdgf-sdgf"]));
    assert_eq!((&spec["kind"], &spec["max"], &spec["nullable"]), (&json!("number"), &json!(10.0), &json!(true)));
}
