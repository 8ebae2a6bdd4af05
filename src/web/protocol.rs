//! Messages between the page and its training worker.
//!
//! The page's types, `www/worker/protocol.d.ts`, are generated from these by a test that fails when the
//! file is stale; `UPDATE_PROTOCOL=1 cargo test --release protocol` writes it anew.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::curves::Schedule;
use super::figure::FigureSpec;
use super::study::PlannedCell;
use super::timing::KernelTiming;
use crate::config::{FieldSpec, RawExperiment};
use crate::data::DataFile;
use crate::device::Wanted;
use crate::error::Problem;
use crate::experiment::Prediction;
use crate::fingerprint::{Comparison, Fingerprint};
use crate::kernels::Tile;
use crate::metrics::MetricColumn;
use crate::runfile::RunFile;
use crate::study::{GroupSummary, PaperTable, StudyCell, StudyResults};

/// What the page asks for. Commands are answered in order.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Command {
    /// Answered by [`Event::Ready`].
    Hello,
    /// Checks a document without touching the run; answered by [`Event::Checked`].
    Validate {
        /// The document.
        #[cfg_attr(test, ts(type = "unknown"))]
        document: serde_json::Value,
    },
    /// Replaces the run; answered by [`Event::Opened`], [`Event::Problems`] or [`Event::Rejected`]. What cannot
    /// be opened leaves the run as it is.
    Open {
        /// The document.
        #[cfg_attr(test, ts(type = "unknown"))]
        document: serde_json::Value,
        /// Where to run it.
        device: Wanted,
        /// The user's files to train on; null for a task that needs none, or for those of the last run.
        files: Option<Vec<FileBytes>>,
        /// What [`Event::Snapshot`] gave, to go on from there; null starts at step 0.
        #[cfg_attr(test, ts(type = "Uint8Array | null"))]
        snapshot: Option<ByteBuf>,
        /// How the lanes are shared out when the device is the CPU; the GPU trains all of them.
        share: Share,
    },
    /// Gives the run and its lanes the names of a document, which trains the same; answered by [`Event::Relabelled`].
    /// Nothing happens when the document is not valid, of which [`Command::Validate`] tells, or when another experiment
    /// has been opened meanwhile.
    Relabel {
        /// The document.
        #[cfg_attr(test, ts(type = "unknown"))]
        document: serde_json::Value,
    },
    /// Trains until paused or finished.
    Start,
    /// Stops between two steps.
    Pause,
    /// Sets the step beyond which this worker must not train, so that others can catch up.
    Until {
        /// The step.
        step: u32,
    },
    /// Takes repeated lanes together that several workers trained; answered by [`Event::Summary`] as after a report.
    Summarise {
        /// Steps made.
        step: u32,
        /// The report of every lane, `[lanes, metrics]`.
        values: Vec<f64>,
    },
    /// Makes one step, then pauses.
    Step,
    /// Back to the initial weights.
    Reset,
    /// Drops the run.
    Stop,
    /// Limits the speed.
    Speed {
        /// Most steps per second; null removes the limit.
        steps_per_second: Option<f64>,
    },
    /// Answered by [`Event::Snapshot`].
    Snapshot,
    /// Answered by [`Event::Link`] or [`Event::Problems`].
    EncodeLink {
        /// The document.
        #[cfg_attr(test, ts(type = "unknown"))]
        document: serde_json::Value,
        /// The results to carry along: of a finished run.
        fingerprint: Option<Fingerprint>,
    },
    /// Answered by [`Event::Document`], [`Event::Problems`] or [`Event::Rejected`].
    DecodeLink {
        /// What follows `#e=` in a link.
        fragment: String,
    },
    /// Masks a few weights for a teaching figure; answered by [`Event::Figure`] or [`Event::Problems`].
    Figure {
        /// What to mask.
        spec: FigureSpec,
    },
    /// Checks a run file or the results of a study; answered by [`Event::Run`], [`Event::Study`] or
    /// [`Event::Problems`].
    ReadFile {
        /// Its content.
        text: String,
    },
    /// Lists what a study would train; answered by [`Event::StudyPlanned`] or [`Event::Problems`].
    PlanStudy {
        /// The study document.
        #[cfg_attr(test, ts(type = "unknown"))]
        study: serde_json::Value,
    },
    /// Summarises a trained combination of a study; answered by [`Event::StudyCell`] or [`Event::Problems`].
    StudyCell {
        /// Settings, experiment and measured lanes, as in a file of results.
        #[cfg_attr(test, ts(type = "unknown"))]
        cell: serde_json::Value,
    },
    /// Answered by [`Event::Weights`] or [`Event::Problems`].
    Weights {
        /// Lane, counted from 0.
        lane: usize,
    },
    /// Looks at one matrix without touching the run; answered by [`Event::Inspected`] or [`Event::Problems`].
    Inspect {
        /// Lane, counted from 0.
        lane: usize,
        /// Name of the matrix, one of [`Event::Opened`]'s.
        tensor: String,
    },
    /// Asks a lane's network about held-out samples without touching the run; answered by [`Event::Predictions`] or
    /// [`Event::Problems`].
    Predictions {
        /// Lane, counted from 0.
        lane: usize,
        /// Number of the first sample.
        first: usize,
        /// Temperature at which text is continued; 0 takes the likeliest character.
        temperature: f64,
    },
    /// Answered by [`Event::Authors`] or [`Event::Problems`].
    Authors {
        /// The document.
        #[cfg_attr(test, ts(type = "unknown"))]
        document: serde_json::Value,
    },
    /// Answered by [`Event::Compared`].
    Compare {
        /// The results of the run that was shared.
        expected: Fingerprint,
        /// The results of its replay.
        found: Fingerprint,
    },
    /// Measures every lane's gradient over fresh batches at frozen weights, now; answered by an [`Event::Metrics`] of
    /// the present step, or by [`Event::Problems`].
    GradientNoise {
        /// Batches.
        batches: usize,
    },
    /// Times matrix products, dense and N:M, while the run rests; answered by several [`Event::Kernels`].
    Kernels {
        /// Where: `auto` is the GPU if there is one, however slow.
        device: Wanted,
    },
    /// Fails on purpose, so that recovery can be tested.
    Fault {
        /// How to fail.
        kind: FaultKind,
    },
}

/// Which part of the lanes a worker trains.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Share {
    /// This worker, counted from 0.
    pub worker: usize,
    /// Workers there may be; fewer are employed when more would not shorten the longest share.
    pub workers: usize,
}

/// Ways to fail on purpose.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FaultKind {
    /// A Rust panic.
    Panic,
    /// An allocation that the browser refuses.
    OutOfMemory,
    /// A step that never ends.
    Hang,
}

/// A file the user gave.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "DataFile"))]
pub struct FileBytes {
    /// Its name.
    pub name: String,
    /// Its content.
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub bytes: ByteBuf,
}

impl From<FileBytes> for DataFile {
    fn from(file: FileBytes) -> Self {
        Self { name: file.name, bytes: file.bytes.into_vec() }
    }
}

/// What the worker tells the page.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Event {
    /// The lab is loaded.
    Ready {
        /// Version of the lab.
        version: &'static str,
        /// The field table of the experiment document.
        #[cfg_attr(test, ts(type = "Array<FieldSpec>"))]
        fields: Vec<&'static FieldSpec>,
        /// What the numbers of a metrics event are, in order.
        metrics: Vec<MetricColumn>,
        /// Keys of the noise indicators of a single matrix, in order.
        indicators: Vec<String>,
        /// Experiments that come with the lab; the first opens with the page.
        presets: Vec<PresetDocument>,
        /// What the paper reports.
        paper: &'static [PaperTable],
    },
    /// Where the run will train, and why.
    Device {
        /// `webgpu` or `cpu`.
        backend: Backend,
        /// The adapter in words; empty on the CPU.
        adapter: String,
        /// Why this device.
        reason: String,
        /// Limits of the adapter.
        limits: Vec<Limit>,
        /// Times of the test of matrix products, where both devices were timed.
        probe: Probe,
    },
    /// A run is ready, at `step`.
    Opened {
        /// The document, complete.
        document: RawExperiment,
        /// One entry per lane.
        lanes: Vec<OpenedLane>,
        /// One entry per lane.
        schedule: Vec<Schedule>,
        /// Matrices that a recipe can prune, for [`Command::Inspect`].
        matrices: Vec<String>,
        /// Those that some lane does prune, in the order of [`Event::Metrics`].
        measured: Vec<String>,
        /// What reading the files had to change; null when they were taken as they are.
        note: Option<String>,
        /// Steps made already.
        step: u32,
        /// The lanes that this worker trains, by their place in the document.
        share: Vec<usize>,
        /// Workers among which the lanes are shared out.
        workers: usize,
    },
    /// The run or its lanes have other names.
    Relabelled {
        /// The document, complete.
        document: RawExperiment,
        /// Name of each lane in legends.
        names: Vec<String>,
    },
    /// The answer to [`Command::Validate`]. Without problems, the rest describes the experiment.
    Checked {
        /// All problems; none means the document can be opened.
        problems: Vec<Problem>,
        /// Name of each lane in legends, with or without problems.
        names: Vec<String>,
        /// One entry per lane.
        lanes: Vec<CheckedLane>,
        /// One entry per lane.
        schedule: Vec<Schedule>,
        /// Parameters of a lane; null while the images are unknown.
        parameters: Option<usize>,
        /// Step budget.
        steps: u32,
    },
    /// Metrics of all lanes after `step` steps.
    Metrics {
        /// Steps made.
        step: u32,
        /// Number of lanes.
        lanes: usize,
        /// `[lanes, metrics]`, NaN where nothing was measured.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        values: Numbers,
        /// Noise of single matrices, `[lanes, measured, indicators]`; empty where it was not measured.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        matrices: Numbers,
    },
    /// Hardened validation accuracy over the seeds of lanes that differ in nothing else; sent after an evaluation when
    /// some lane is repeated.
    Summary {
        /// Steps made.
        step: u32,
        /// One entry per group of lanes.
        groups: Vec<GroupSummary>,
    },
    /// All reports of a resumed run from before; follows [`Event::Opened`].
    Recorded {
        /// Steps made at each report.
        steps: Vec<u32>,
        /// Number of lanes.
        lanes: usize,
        /// `[reports, lanes, metrics]`, NaN where nothing was measured.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        values: Numbers,
    },
    /// The GPU has made so many of the pipelines that it was asked for; the worker's script tells it.
    Preparing {
        /// Pipelines made.
        made: usize,
        /// Pipelines asked for.
        asked: usize,
    },
    /// How far the run is.
    Progress {
        /// Steps made.
        step: u32,
        /// Step budget.
        steps: u32,
        /// Recent speed.
        steps_per_second: f64,
        /// Seconds to the end of the budget at that speed; null while unknown.
        eta_s: Option<f64>,
    },
    /// The run's state changed.
    State {
        /// The new state.
        state: RunState,
    },
    /// A document cannot be opened.
    Problems {
        /// All problems.
        problems: Vec<Problem>,
    },
    /// A request was refused; the run is as it was.
    Rejected {
        /// Why, and what to do.
        message: String,
    },
    /// The lab cannot go on: only a new worker helps.
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        remedy: String,
    },
    /// The run's state, to resume from.
    Snapshot {
        /// Steps made.
        step: u32,
        /// The state of the lanes that this worker trains; those of all workers, one behind the other, are the run's.
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    /// The numbers of a teaching figure, each `[rows, weights]`.
    Figure {
        /// The weights with their noise.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        weights: Numbers,
        /// 1 where kept, 0 where pruned.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        mask: Numbers,
        /// What the forward pass reads.
        #[cfg_attr(test, ts(type = "Float64Array"))]
        forward: Numbers,
    },
    /// Times of matrix products so far.
    Kernels {
        /// `webgpu` or `cpu`.
        backend: Backend,
        /// The adapter in words; empty on the CPU.
        adapter: String,
        /// Why this device.
        reason: String,
        /// The products, dense first within a shape.
        timings: Vec<KernelTiming>,
        /// Whether the last round is done.
        finished: bool,
    },
    /// The link of an experiment.
    Link {
        /// What follows `#e=`.
        fragment: String,
    },
    /// The experiment of a link.
    Document {
        /// The document, complete.
        document: RawExperiment,
        /// The results that a replay should find again, if the link carries them.
        fingerprint: Option<Fingerprint>,
    },
    /// The results of a run that has spent its budget.
    Fingerprint {
        /// The results.
        fingerprint: Fingerprint,
    },
    /// A run from a file.
    Run {
        /// The run, checked.
        run: RunFile,
    },
    /// The results of a study from a file.
    Study {
        /// The results, checked and summarised.
        results: StudyResults,
    },
    /// What a study would train, in order.
    StudyPlanned {
        /// Its combinations of swept values.
        cells: Vec<PlannedCell>,
    },
    /// A trained combination of a study.
    StudyCell {
        /// The combination, checked and summarised.
        cell: Box<StudyCell>,
    },
    /// The weights and masks of a lane as a safetensors file.
    Weights {
        /// Lane, counted from 0.
        lane: usize,
        /// The file.
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    /// One matrix of one lane as the next step finds it. Numbers are `[rows, cols]`, row by row.
    Inspected {
        /// Steps made.
        step: u32,
        /// Lane, counted from 0.
        lane: usize,
        /// Name of the matrix.
        tensor: String,
        /// Input features.
        rows: usize,
        /// Output features.
        cols: usize,
        /// Weights kept per group.
        n: usize,
        /// Weights per group.
        m: usize,
        /// Whether groups run along the input features.
        along_inputs: bool,
        /// D: factor on pruned weights.
        decay: f32,
        /// Weights.
        #[cfg_attr(test, ts(type = "Float32Array"))]
        weights: Floats,
        /// F: 1 for kept weights.
        #[cfg_attr(test, ts(type = "Float32Array"))]
        mask: Floats,
        /// Gradient on the next batch, after the gradient rule and before clipping.
        #[cfg_attr(test, ts(type = "Float32Array"))]
        gradient: Floats,
        /// AdamW's first moment.
        #[cfg_attr(test, ts(type = "Float32Array"))]
        first_moment: Floats,
        /// AdamW's second moment.
        #[cfg_attr(test, ts(type = "Float32Array"))]
        second_moment: Floats,
    },
    /// What a lane's network, as it would ship, answers to held-out samples.
    Predictions {
        /// Steps made.
        step: u32,
        /// Lane, counted from 0.
        lane: usize,
        /// Number of the first sample.
        first: usize,
        /// Held-out samples that there are.
        held_out: usize,
        /// Some samples with their answers.
        samples: Vec<Prediction>,
    },
    /// An experiment in the keys of the paper authors' code.
    Authors {
        /// One YAML text per lane.
        lanes: Vec<String>,
    },
    /// The answer to [`Command::Compare`].
    Compared {
        /// The outcome.
        comparison: Comparison,
    },
}

/// A preset with its complete document.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Preset"))]
pub struct PresetDocument {
    /// Short name.
    pub id: &'static str,
    /// Title for readers.
    pub title: String,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    /// What is scaled down or changed against its source, and why.
    pub notes: &'static str,
    /// The document, complete.
    pub document: RawExperiment,
}

/// Kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Backend {
    /// The GPU.
    WebGpu,
    /// The CPU, with wasm SIMD.
    Cpu,
}

/// A limit of the adapter.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Limit {
    /// What is limited, with its unit.
    pub name: String,
    /// The limit.
    pub value: f64,
}

/// Times of the device test in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Probe {
    /// On the GPU.
    pub webgpu_ms: Option<f64>,
    /// On the CPU.
    pub cpu_ms: Option<f64>,
    /// Density up to which packed N:M products are faster than dense ones on the chosen device.
    pub packed_density: f64,
    /// How dense products are cut up on the chosen device.
    pub tile: Tile,
}

/// A lane of an opened run.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OpenedLane {
    /// Name in legends.
    pub name: String,
    /// How it differs from the first lane.
    pub difference: String,
    /// Trained numbers.
    pub parameters: usize,
    /// Weights in matrices that the lane prunes.
    pub sparse_parameters: usize,
    /// FLOPs of one sample's forward pass through the network that would ship.
    pub inference_flops: f64,
    /// The same for the dense network.
    pub dense_flops: f64,
    /// Bytes of the network that would ship, its sparse matrices packed: values and indices.
    pub packed_bytes: f64,
    /// Bytes of the dense network.
    pub dense_bytes: f64,
}

/// A lane of a checked document.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CheckedLane {
    /// How it differs from the first lane.
    pub difference: String,
    /// Keys of fields that have no effect with its recipe.
    pub unused_fields: Vec<&'static str>,
}

/// State of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RunState {
    /// Opened, or nothing opened yet.
    Idle,
    /// Training.
    Running,
    /// Stopped between two steps.
    Paused,
    /// The step budget is spent.
    Finished,
}

/// Numbers that cross to the page as one typed array.
#[derive(Debug)]
pub struct Numbers(pub Vec<f64>);

impl Serialize for Numbers {
    #[cfg(target_arch = "wasm32")]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_wasm_bindgen::preserve::serialize(&js_sys::Float64Array::from(self.0.as_slice()), serializer)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// As [`Numbers`], in single precision.
#[derive(Debug)]
pub struct Floats(pub Vec<f32>);

impl Serialize for Floats {
    #[cfg(target_arch = "wasm32")]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_wasm_bindgen::preserve::serialize(&js_sys::Float32Array::from(self.0.as_slice()), serializer)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ts_rs::TS;

    const HEADER: &str = "// The messages between the page and the training worker, generated from \
        src/web/protocol.rs.\n// Do not edit: UPDATE_PROTOCOL=1 cargo test --release protocol writes this file.\n";

    macro_rules! declare {
        ($($type:ty),* $(,)?) => { [$(<$type>::decl(&ts_rs::Config::default())),*] };
    }

    #[allow(clippy::too_many_lines, reason = "a list")]
    /// Declarations of all types that the two message types reach, in the order they are named here.
    fn declarations() -> String {
        use crate::config::{
            Axis, ChoiceSpec, Direction, FieldKind, GradientRule, Location, RawEval, RawLane, RawModel, RawOptimizer,
            RawPattern, Recipe, TaskConfig,
        };
        use crate::metrics::Chart;
        use crate::study::PaperRow;
        use crate::web::curves::Stage;
        declare![
            Recipe,
            GradientRule,
            Location,
            Axis,
            RawPattern,
            Direction,
            TaskConfig,
            RawModel,
            RawOptimizer,
            RawLane,
            RawEval,
            RawExperiment,
            FieldKind,
            ChoiceSpec,
            FieldSpec,
            Chart,
            MetricColumn,
            PresetDocument,
            Problem,
            Stage,
            Schedule,
            PaperRow,
            PaperTable,
            GroupSummary,
            OpenedLane,
            CheckedLane,
            Wanted,
            Tile,
            Backend,
            Limit,
            Probe,
            RunState,
            FileBytes,
            FaultKind,
            crate::experiment::Picture,
            Prediction,
            FigureSpec,
            crate::device::Shape,
            KernelTiming,
            Share,
            Command,
            Event,
        ]
        .into_iter()
        .chain(result_declarations())
        .map(|declaration| format!("export {declaration}\n"))
        .collect::<Vec<_>>()
        .join("\n")
    }

    /// What files of results hold.
    fn result_declarations() -> impl Iterator<Item = String> {
        use crate::fingerprint::{Deviation, Difference, LaneFingerprint, Tolerance, Verdict};
        use crate::runfile::{RunLane, RunMetric};
        use crate::study::MeasuredLane;
        declare![
            LaneFingerprint,
            Fingerprint,
            Tolerance,
            Verdict,
            Difference,
            Deviation,
            Comparison,
            RunMetric,
            RunLane,
            RunFile,
            PlannedCell,
            MeasuredLane,
            StudyCell,
            StudyResults,
        ]
        .into_iter()
    }

    #[test]
    fn the_pages_protocol_types_are_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/worker/protocol.d.ts");
        let fresh = format!("{HEADER}\n{}", declarations());
        if std::env::var_os("UPDATE_PROTOCOL").is_some() {
            std::fs::write(path, &fresh).expect("the page's folder can be written");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == fresh,
            "www/worker/protocol.d.ts is stale: run UPDATE_PROTOCOL=1 cargo test --release protocol"
        );
    }
}
