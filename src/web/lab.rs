//! The lab: answers the page's commands and trains in slices between them.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Function;
use serde::Serialize;
use serde_bytes::ByteBuf;
use wasm_bindgen::prelude::*;
use web_time::{Duration, Instant};

use super::curves;
use super::figure::{Figure, figure};
use super::protocol::{
    Backend, CheckedLane, Command, Event, FaultKind, FileBytes, Limit, Numbers, OpenedLane, PresetDocument, Probe,
    RunState,
};
use crate::config::{ExperimentConfig, FIELDS, PRESETS, Site, TaskConfig, link};
use crate::data::{DataFile, Dataset};
use crate::device::{self, Choice, Wanted};
use crate::error::{LabError, Problem};
use crate::experiment::{Experiment, Report, Snapshot};
use crate::kernels::{Segment, SegmentKind};
use crate::metrics;
use crate::pattern::NmPattern;
use crate::study::{PAPER, groups, summarise};

/// Longest slice of training between two looks at the page's messages.
const SLICE: Duration = Duration::from_millis(50);
/// Time between two progress events.
const PROGRESS: Duration = Duration::from_millis(200);
/// Weight of the newest interval in the shown speed.
const SPEED_SHARE: f64 = 0.3;

/// Runs once when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    crate::constructors::run();
}

/// A run and what it was opened with.
struct Run {
    experiment: Experiment,
    choice: Choice,
    /// The report at step 0, before any training, was given.
    opened_report: bool,
    speed: Speed,
}

/// Recent speed and when the last events were sent.
struct Speed {
    last: Instant,
    last_step: u32,
    steps_per_second: f64,
    next_step: Instant,
}

impl Speed {
    fn new(step: u32) -> Self {
        let now = Instant::now();
        Self { last: now, last_step: step, steps_per_second: 0.0, next_step: now }
    }

    /// Updates the speed when it is time for a progress event.
    fn tick(&mut self, step: u32, force: bool) -> bool {
        let elapsed = self.last.elapsed();
        if elapsed < PROGRESS && !force {
            return false;
        }
        let made = f64::from(step - self.last_step);
        if made > 0.0 && elapsed > Duration::ZERO {
            let now = made / elapsed.as_secs_f64();
            let share = if self.steps_per_second == 0.0 { 1.0 } else { SPEED_SHARE };
            self.steps_per_second += share * (now - self.steps_per_second);
            (self.last, self.last_step) = (Instant::now(), step);
        }
        true
    }
}

/// The lab of one worker.
#[wasm_bindgen]
pub struct Lab {
    post: Function,
    run: Option<Run>,
    state: RunState,
    /// Files of the last accepted `data` command.
    files: Vec<DataFile>,
    steps_per_second: Option<f64>,
    /// Whether the run would suffer from the loss of the GPU; set once a GPU is watched.
    on_gpu: Option<Rc<Cell<bool>>>,
}

#[wasm_bindgen]
impl Lab {
    /// A lab that sends its events to `post(event)`.
    #[wasm_bindgen(constructor)]
    pub fn new(post: Function) -> Self {
        Self { post, run: None, state: RunState::Idle, files: Vec::new(), steps_per_second: None, on_gpu: None }
    }

    /// Whether [`advance`](Self::advance) has work to do.
    pub fn running(&self) -> bool {
        self.state == RunState::Running
    }

    /// Answers one command; see `protocol.d.ts`. Commands must not overlap.
    ///
    /// # Errors
    /// When the value is not a command: a fault of the caller, not of the user.
    pub async fn command(&mut self, command: JsValue) -> Result<(), JsError> {
        let command: Command = serde_wasm_bindgen::from_value(command)?;
        if let Err(error) = self.answer(command).await {
            self.post_error(error);
        }
        Ok(())
    }

    /// Trains for a slice of time and posts what is due. Gives the milliseconds to wait before the next
    /// call when the speed is limited, else 0.
    pub async fn advance(&mut self) -> f64 {
        match self.advance_slice().await {
            Ok(wait_ms) => wait_ms,
            Err(error) => {
                self.set_state(RunState::Paused);
                self.post_error(error);
                0.0
            }
        }
    }
}

impl Lab {
    fn post(&self, event: &Event) {
        post(&self.post, event);
    }

    fn post_error(&self, error: LabError) {
        self.post(&match error {
            LabError::Config(problems) => Event::Problems { problems },
            LabError::Device(_) => {
                // What the GPU said of itself is plainer than what its loss did to a read-back.
                let gpu = self.run.as_ref().and_then(|run| run.choice.gpu.as_ref());
                failed(gpu.and_then(|gpu| gpu.fault()).unwrap_or(&error.to_string()))
            }
            error => Event::Rejected { message: error.to_string() },
        });
    }

    fn set_state(&mut self, state: RunState) {
        self.state = state;
        self.post(&Event::State { state });
        self.watch_gpu();
    }

    /// Has the loss of the GPU reported at once, even between two read-backs or while one never returns.
    fn watch_gpu(&mut self) {
        let gpu = self.run.as_ref().and_then(|run| run.choice.gpu.clone());
        let exposed = gpu.is_some() && self.state != RunState::Finished;
        match (&self.on_gpu, gpu) {
            (Some(on_gpu), _) => on_gpu.set(exposed),
            (None, Some(gpu)) => {
                let on_gpu = Rc::new(Cell::new(exposed));
                self.on_gpu = Some(on_gpu.clone());
                let sender = self.post.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    let fault = gpu.failure().await;
                    if on_gpu.get() {
                        post(&sender, &failed(&fault));
                    }
                });
            }
            (None, None) => {}
        }
    }

    async fn answer(&mut self, command: Command) -> Result<(), LabError> {
        match command {
            Command::Hello => {
                if let Some(name) = adapter_name().await {
                    device::name_adapter(name);
                }
                self.post(&ready());
            }
            Command::Validate { document } => self.post(&self.checked(document)),
            Command::Open { document, device } => self.open(document, device, None).await?,
            Command::Resume { document, snapshot, device } => {
                let snapshot = Snapshot::from_bytes(&snapshot)?;
                self.open(document, device, Some(snapshot)).await?;
            }
            Command::Data { files, document } => self.open_files(files, document).await?,
            Command::Start => self.resume_training(),
            Command::Pause => self.pause(),
            Command::Step => self.step_once().await?,
            Command::Reset => self.reset(),
            Command::Stop => {
                self.run = None;
                self.set_state(RunState::Idle);
            }
            Command::Speed { steps_per_second } => self.limit_speed(steps_per_second)?,
            Command::Snapshot => self.snapshot().await?,
            Command::EncodeLink { document } => {
                let config = ExperimentConfig::from_value(document)?;
                self.post(&Event::Link { fragment: link::encode(config.document()) });
            }
            Command::DecodeLink { fragment } => {
                let document = link::decode(&fragment)?.document().clone();
                self.post(&Event::Document { document });
            }
            Command::Figure { spec } => {
                let Figure { weights, mask, forward } = figure(&spec).map_err(LabError::Config)?;
                self.post(&Event::Figure { weights, mask, forward });
            }
            Command::Fault { kind: FaultKind::Panic } => panic!("a panic was asked for"),
        }
        Ok(())
    }

    fn checked(&self, document: serde_json::Value) -> Event {
        match ExperimentConfig::from_value(document) {
            Ok(config) => Event::Checked {
                problems: Vec::new(),
                lanes: checked_lanes(&config),
                schedule: curves::schedules(&config),
                parameters: self.parameters(&config),
                steps: config.steps(),
            },
            Err(problems) => {
                Event::Checked { problems, lanes: Vec::new(), schedule: Vec::new(), parameters: None, steps: 0 }
            }
        }
    }

    /// Parameters of a lane, once the shape of the images is known.
    fn parameters(&self, config: &ExperimentConfig) -> Option<usize> {
        let dataset = self.dataset(config.task()).ok()?;
        Some(crate::experiment::architecture(config, &dataset).ok()?.parameters())
    }

    /// The data of a task: generated, or from the files given last.
    fn dataset(&self, task: &TaskConfig) -> Result<Dataset, LabError> {
        match task {
            TaskConfig::Shapes { .. } => Dataset::generated(task),
            TaskConfig::Idx { .. } | TaskConfig::Cifar10 { .. } if self.files.is_empty() => {
                let reason = "needs your files: drop them anywhere on the page";
                Err(LabError::Config(vec![Problem::new("task", reason)]))
            }
            _ => Dataset::from_files(task, &self.files),
        }
    }

    async fn open(
        &mut self,
        document: serde_json::Value,
        wanted: Wanted,
        snapshot: Option<Snapshot>,
    ) -> Result<(), LabError> {
        let config = ExperimentConfig::from_value(document)?;
        let dataset = self.dataset(config.task())?;
        let choice = device::choose(wanted).await.map_err(|reason| refused(&reason))?;
        self.adopt(config, dataset, choice, snapshot)
    }

    async fn open_files(&mut self, files: Vec<FileBytes>, document: serde_json::Value) -> Result<(), LabError> {
        let config = ExperimentConfig::from_value(document)?;
        let files: Vec<_> =
            files.into_iter().map(|file| DataFile { name: file.name, bytes: file.bytes.into_vec() }).collect();
        let dataset = Dataset::from_files(config.task(), &files)?;
        let choice = match &self.run {
            Some(run) => run.choice.clone(),
            None => device::choose(Wanted::Auto).await.map_err(|reason| refused(&reason))?,
        };
        self.adopt(config, dataset, choice, None)?;
        self.files = files;
        Ok(())
    }

    /// Replaces the run. Nothing of the old one is lost before the new one stands.
    fn adopt(
        &mut self,
        config: ExperimentConfig,
        dataset: Dataset,
        choice: Choice,
        snapshot: Option<Snapshot>,
    ) -> Result<(), LabError> {
        let device = choice.device.clone();
        let experiment = match snapshot {
            Some(snapshot) => Experiment::resume(config, dataset, device, snapshot)?,
            None => Experiment::new(config, dataset, device)?,
        }
        .with_packed_density(choice.packed_density());
        let step = experiment.step();
        self.post(&device_event(&choice));
        self.post(&opened(&experiment));
        self.run = Some(Run { experiment, choice, opened_report: step > 0, speed: Speed::new(step) });
        self.set_state(RunState::Idle);
        Ok(())
    }

    fn resume_training(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.experiment.finished() {
            return self.set_state(RunState::Finished);
        }
        run.speed = Speed { steps_per_second: run.speed.steps_per_second, ..Speed::new(run.experiment.step()) };
        self.set_state(RunState::Running);
    }

    fn pause(&mut self) {
        if self.state == RunState::Running {
            self.progress(true);
            self.set_state(RunState::Paused);
        }
    }

    fn reset(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.experiment.restart();
        run.opened_report = false;
        run.speed = Speed::new(0);
        let event = opened(&run.experiment);
        self.post(&event);
        self.set_state(RunState::Idle);
    }

    fn limit_speed(&mut self, steps_per_second: Option<f64>) -> Result<(), LabError> {
        if steps_per_second.is_some_and(|speed| !(speed > 0.0 && speed.is_finite())) {
            let reason = "must be a number above 0; leave it empty for full speed";
            return Err(LabError::Config(vec![Problem::new("steps_per_second", reason)]));
        }
        self.steps_per_second = steps_per_second;
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<(), LabError> {
        let Some(run) = &mut self.run else {
            return Err(LabError::Snapshot("nothing is open; open an experiment first".into()));
        };
        let snapshot = run.experiment.snapshot().await?;
        self.post(&Event::Snapshot { step: snapshot.step, bytes: ByteBuf::from(snapshot.to_bytes()) });
        Ok(())
    }

    /// The report before the first step, once.
    async fn report_opening(&mut self) -> Result<bool, LabError> {
        let Some(run) = &mut self.run else { return Ok(false) };
        if run.opened_report {
            return Ok(false);
        }
        run.opened_report = true;
        self.report().await?;
        Ok(true)
    }

    async fn step_once(&mut self) -> Result<(), LabError> {
        self.report_opening().await?;
        let Some(run) = &mut self.run else { return Ok(()) };
        run.experiment.train_step();
        let due = run.experiment.report_due();
        if due {
            self.report().await?;
        }
        self.progress(true);
        let finished = self.run.as_ref().is_some_and(|run| run.experiment.finished());
        self.set_state(if finished { RunState::Finished } else { RunState::Paused });
        Ok(())
    }

    async fn advance_slice(&mut self) -> Result<f64, LabError> {
        if self.report_opening().await? {
            return Ok(0.0);
        }
        let Some(run) = &mut self.run else { return Ok(0.0) };
        let start = Instant::now();
        loop {
            let now = Instant::now();
            if let Some(limit) = self.steps_per_second {
                if now < run.speed.next_step {
                    return Ok((run.speed.next_step - now).as_secs_f64() * 1e3);
                }
                run.speed.next_step = now + Duration::from_secs_f64(1.0 / limit);
            }
            run.experiment.train_step();
            if run.experiment.report_due() || start.elapsed() >= SLICE {
                break;
            }
        }
        let (due, finished) = (run.experiment.report_due(), run.experiment.finished());
        if due {
            self.report().await?;
        }
        self.progress(finished);
        if finished {
            self.set_state(RunState::Finished);
        }
        Ok(0.0)
    }

    async fn report(&mut self) -> Result<(), LabError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let report = run.experiment.report().await?;
        if let Some(fault) = run.choice.gpu.as_ref().and_then(|gpu| gpu.fault()) {
            return Err(LabError::Device(fault.to_owned()));
        }
        let values = report.lanes.iter().flat_map(metrics::row).collect();
        let event = Event::Metrics { step: report.step, lanes: report.lanes.len(), values: Numbers(values) };
        let summary = summary(&run.experiment, &report);
        self.post(&event);
        if let Some(summary) = summary {
            self.post(&summary);
        }
        Ok(())
    }

    fn progress(&mut self, force: bool) {
        let Some(run) = &mut self.run else { return };
        let (step, steps) = (run.experiment.step(), run.experiment.config().steps());
        if run.speed.tick(step, force) {
            let steps_per_second = run.speed.steps_per_second;
            let eta_s = (steps_per_second > 0.0).then(|| f64::from(steps - step) / steps_per_second);
            self.post(&Event::Progress { step, steps, steps_per_second, eta_s });
        }
    }
}

fn post(sender: &Function, event: &Event) {
    let serializer =
        serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    let value = event.serialize(&serializer).expect("events are plain data");
    // A failing `post` is the worker's own fault; it reaches the page as the worker's error event.
    let _ = sender.call1(&JsValue::NULL, &value);
}

fn failed(what: &str) -> Event {
    Event::Failed {
        message: format!("Training stopped: {what}"),
        remedy: "Restart from the last snapshot; if it happens again, choose the CPU.".into(),
    }
}

/// The hardened accuracy over seeds, when it was measured and some lane is repeated.
fn summary(experiment: &Experiment, report: &Report) -> Option<Event> {
    let lanes = &experiment.config().document().lanes;
    if groups(lanes).iter().all(|group| group.lanes.len() < 2) {
        return None;
    }
    let accuracy = |lane: &metrics::LaneMetrics| lane.validation_hard.map(|outcome| outcome.accuracy);
    let values: Option<Vec<f64>> = report.lanes.iter().map(accuracy).collect();
    let measured: Vec<_> = lanes.iter().cloned().zip(values?).collect();
    Some(Event::Summary { step: report.step, groups: summarise(&measured) })
}

/// Vendor, architecture and description of the adapter that the browser would offer.
async fn adapter_name() -> Option<String> {
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

/// A device that was asked for by name is not there.
fn refused(reason: &str) -> LabError {
    LabError::Config(vec![Problem::new("device", format!("WebGPU is not usable here: {reason}; choose auto or CPU"))])
}

fn ready() -> Event {
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
        presets: presets.collect(),
        paper: &PAPER,
    }
}

fn device_event(choice: &Choice) -> Event {
    let limits = choice.gpu.iter().flat_map(|gpu| &gpu.limits);
    Event::Device {
        backend: if choice.gpu.is_some() { Backend::WebGpu } else { Backend::Cpu },
        adapter: choice.gpu.as_ref().map_or_else(String::new, |gpu| gpu.adapter.clone()),
        reason: choice.reason.clone(),
        limits: limits.map(|(name, value)| Limit { name: name.clone(), value: *value as f64 }).collect(),
        probe: Probe {
            webgpu_ms: choice.gpu_probe.map(|probe| probe.dense_ms),
            cpu_ms: Some(choice.cpu_probe.dense_ms),
            packed_density: choice.packed_density(),
        },
    }
}

fn checked_lanes(config: &ExperimentConfig) -> Vec<CheckedLane> {
    let lanes = config.lanes().iter().enumerate();
    lanes
        .map(|(index, lane)| CheckedLane {
            name: lane.name.clone(),
            difference: config.lane_difference(index),
            unused_fields: lane.unused_fields(),
        })
        .collect()
}

fn opened(experiment: &Experiment) -> Event {
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
        step: experiment.step(),
    }
}
