//! What the lab tells the page about itself, its device and an opened run.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::protocol::{Backend, CheckedLane, Event, Floats, Limit, Numbers, OpenedLane, PresetDocument, Probe};
use super::{curves, noise};
use crate::config::{ExperimentConfig, FIELDS, PRESETS, Site};
use crate::device::Choice;
use crate::experiment::{Experiment, Inspection, Record};
use crate::kernels::{Segment, SegmentKind};
use crate::metrics;
use crate::pattern::NmPattern;
use crate::study::{PAPER, groups, summarise};

/// Vendor, architecture and description of the adapter that the browser would offer.
pub(super) async fn adapter_name() -> Option<String> {
    let get = |object: &JsValue, key: &str| js_sys::Reflect::get(object, &key.into()).ok();
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: js_sys::Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = wasm_bindgen_futures::JsFuture::from(promise).await.ok()?;
    let info = get(&adapter, "info")?;
    let words = ["vendor", "architecture", "description"].map(|key| get(&info, key)?.as_string());
    let name = words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

pub(super) fn ready() -> Event {
    let presets = PRESETS.iter().map(|preset| {
        let document = preset.experiment().document().clone();
        PresetDocument {
            id: preset.id,
            title: document.name.clone(),
            summary: preset.summary,
            notes: preset.notes,
            document,
        }
    });
    Event::Ready {
        version: env!("CARGO_PKG_VERSION"),
        fields: FIELDS.iter().collect(),
        metrics: metrics::columns(),
        indicators: noise::indicator_keys(),
        presets: presets.collect(),
        paper: &PAPER,
    }
}

pub(super) fn device(choice: &Choice) -> Event {
    let limits = choice.gpu.iter().flat_map(|gpu| &gpu.limits);
    Event::Device {
        backend: if choice.gpu.is_some() { Backend::WebGpu } else { Backend::Cpu },
        adapter: choice.gpu.as_ref().map_or_else(String::new, |gpu| gpu.adapter.clone()),
        reason: choice.reason.clone(),
        limits: limits.map(|(name, value)| Limit { name: name.clone(), value: *value as f64 }).collect(),
        probe: Probe {
            webgpu_ms: choice.gpu_probe.map(|probe| probe.dense_ms),
            cpu_ms: Some(choice.cpu_probe.dense_ms),
            packed_density: choice.products().packed_density,
            tile: choice.products().tile,
        },
    }
}

pub(super) fn checked_lanes(config: &ExperimentConfig) -> Vec<CheckedLane> {
    let lanes = config.lanes().iter().enumerate();
    lanes
        .map(|(index, lane)| CheckedLane {
            difference: config.lane_difference(index),
            unused_fields: lane.unused_fields(),
        })
        .collect()
}

pub(super) fn opened(experiment: &Experiment, workers: usize) -> Event {
    let config = experiment.config();
    let network = experiment.network();
    let lanes = config.lanes().iter().enumerate().map(|(index, lane)| {
        let pruned = |kind: SegmentKind| {
            Site::ALL.into_iter().any(|site| crate::experiment::kind_of(site) == kind && lane.target(site).is_some())
        };
        let segments = network.layout.segments();
        let shipped = experiment.shipped_cost(index);
        let dense = crate::experiment::network_shape(&network.architecture).cost(|_| NmPattern::DENSE);
        OpenedLane {
            name: lane.name.clone(),
            difference: config.lane_difference(index),
            parameters: network.architecture.parameters(),
            sparse_parameters: segments.iter().filter(|s| pruned(s.kind)).map(Segment::weights).sum(),
            inference_flops: shipped.inference.total_flops(),
            dense_flops: dense.inference.total_flops(),
            packed_bytes: shipped.packed_bytes as f64,
            dense_bytes: shipped.dense_bytes as f64,
        }
    });
    Event::Opened {
        document: config.document().clone(),
        lanes: lanes.collect(),
        schedule: curves::schedules(config),
        matrices: experiment.matrices().into_iter().map(|tensor| tensor.name).collect(),
        measured: experiment.measured_matrices().into_iter().map(str::to_owned).collect(),
        note: experiment.dataset_note().map(str::to_owned),
        step: experiment.step(),
        share: experiment.share().to_vec(),
        workers,
    }
}

pub(super) fn inspected(lane: usize, seen: Inspection) -> Event {
    let [rows, cols] = seen.tensor.shape;
    Event::Inspected {
        step: seen.step,
        lane,
        tensor: seen.tensor.name,
        rows,
        cols,
        n: seen.n,
        m: seen.m,
        along_inputs: seen.along_inputs,
        decay: seen.decay,
        weights: Floats(seen.weights),
        mask: Floats(seen.mask),
        gradient: Floats(seen.gradient),
        first_moment: Floats(seen.first_moment),
        second_moment: Floats(seen.second_moment),
    }
}

/// Everything a resumed run reported before, `[reports, lanes, metrics]`.
pub(super) fn recorded(record: &Record) -> Event {
    let columns = record.keys.len();
    let row = |report: usize| record.lanes.iter().flat_map(move |lane| &lane[report * columns..][..columns]);
    let values = (0..record.steps.len()).flat_map(row).copied().collect();
    Event::Recorded { steps: record.steps.clone(), lanes: record.lanes.len(), values: Numbers(values) }
}

/// The hardened accuracy over seeds, when it was measured and some lane is repeated. `values` is the report of
/// every lane of the experiment, `[lanes, metrics]`, whoever trains them.
pub(super) fn summary(experiment: &Experiment, step: u32, values: &[f64]) -> Option<Event> {
    let lanes = &experiment.config().document().lanes;
    if groups(lanes).iter().all(|group| group.lanes.len() < 2) {
        return None;
    }
    let columns = metrics::columns();
    if values.len() != lanes.len() * columns.len() {
        return None;
    }
    let accuracy = columns.iter().position(|column| column.key == "val_accuracy_hard").expect("it is a metric");
    let accuracies = values.chunks_exact(columns.len()).map(|lane| lane[accuracy]);
    let measured: Vec<_> = lanes.iter().cloned().zip(accuracies).collect();
    let all = measured.iter().all(|(_, accuracy)| !accuracy.is_nan());
    all.then(|| Event::Summary { step, groups: summarise(&measured) })
}
