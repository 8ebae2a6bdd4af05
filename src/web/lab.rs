//! The lab: answers the page's commands and trains in slices between them.

use std::cell::Cell;
use std::rc::Rc;

use burn::tensor::Device;
use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::figure::{Figure, FigureSpec, figure};
use super::protocol::{Backend, Command, Event, FaultKind, FileBytes, RunState, Share};
use super::training::Speed;
use super::{curves, events, study, timing};
use crate::config::{ExperimentConfig, TaskConfig};
use crate::data::{DataFile, Dataset};
use crate::device::{self, Choice, Wanted};
use crate::error::{LabError, Problem};
use crate::experiment::{Experiment, Snapshot, shares};

/// Runs once when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    crate::constructors::run();
}

#[wasm_bindgen]
extern "C" {
    /// Makes the GPU's pipelines; see `www/worker/pipelines.js`.
    #[wasm_bindgen(typescript_type = "{ gather: () => void, made: () => Promise<void> }")]
    pub type Pipelines;

    /// From now on pipelines are made several at a time, ahead of their use.
    #[wasm_bindgen(method)]
    pub(super) fn gather(this: &Pipelines);

    /// Until now. Resolves once those are made.
    #[wasm_bindgen(method)]
    pub(super) fn made(this: &Pipelines) -> js_sys::Promise;
}

/// A run and what it was opened with.
pub(super) struct Run {
    pub(super) experiment: Experiment,
    pub(super) choice: Choice,
    /// Workers among which the lanes are shared out.
    pub(super) workers: usize,
    /// The report at step 0, before any training, was given.
    pub(super) opened_report: bool,
    pub(super) speed: Speed,
}

/// The lab of one worker.
#[wasm_bindgen]
pub struct Lab {
    post: Function,
    pub(super) pipelines: Pipelines,
    pub(super) run: Option<Run>,
    pub(super) state: RunState,
    /// The user's files, as last trained on.
    files: Vec<DataFile>,
    pub(super) steps_per_second: Option<f64>,
    /// The step at which training waits for other workers.
    pub(super) until: Option<u32>,
    /// Whether the run would suffer from the loss of the GPU; set once a GPU is watched.
    on_gpu: Option<Rc<Cell<bool>>>,
}

#[wasm_bindgen]
impl Lab {
    /// A lab that sends its events to `post(event)` and has the GPU's kernels compiled by `pipelines`.
    #[wasm_bindgen(constructor)]
    pub fn new(post: Function, pipelines: Pipelines) -> Self {
        Self {
            post,
            pipelines,
            run: None,
            state: RunState::Idle,
            files: Vec::new(),
            steps_per_second: None,
            until: None,
            on_gpu: None,
        }
    }

    /// Whether [`advance`](Self::advance) has work to do.
    pub fn running(&self) -> bool {
        self.state == RunState::Running && !self.waiting()
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
    pub(super) fn post(&self, event: &Event) {
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

    pub(super) fn set_state(&mut self, state: RunState) {
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
            Command::Hello => self.greet().await,
            Command::Validate { document } => self.post(&self.checked(document)),
            Command::Open { document, device, files, snapshot, share } => {
                let snapshot = snapshot.map(|bytes| Snapshot::from_bytes(&bytes)).transpose()?;
                self.open(document, device, files, snapshot, share).await?;
            }
            Command::Relabel { document } => self.relabel(document),
            Command::Until { step } => self.until = Some(step),
            Command::Summarise { step, values } => self.summarise(step, &values),
            Command::Start => self.resume_training().await?,
            Command::Pause => self.pause(),
            Command::Step => self.step_once().await?,
            Command::Reset => self.reset(),
            Command::Stop => {
                self.run = None;
                self.set_state(RunState::Idle);
            }
            Command::Speed { steps_per_second } => self.limit_speed(steps_per_second)?,
            Command::Snapshot => self.snapshot().await?,
            Command::EncodeLink { document, fingerprint } => self.encode_link(document, fingerprint.as_ref())?,
            Command::DecodeLink { fragment } => self.decode_link(&fragment)?,
            Command::ReadFile { text } => self.post(&study::read_file(&text)),
            Command::PlanStudy { study } => self.post(&study::plan(&study)),
            Command::StudyCell { cell } => self.post(&study::cell(cell)),
            Command::Weights { lane } => self.post_weights(lane).await?,
            Command::Inspect { lane, tensor } => self.inspect(lane, &tensor).await?,
            Command::Predictions { lane, first, temperature } => self.predict(lane, first, temperature).await?,
            Command::Authors { document } => self.write_authors(document)?,
            Command::Compare { expected, found } => {
                self.post(&Event::Compared { comparison: expected.compare(&found) });
            }
            Command::Figure { spec } => self.draw_figure(&spec)?,
            Command::GradientNoise { batches } => self.measure_noise(batches).await?,
            Command::Kernels { device } => self.time_kernels(device).await?,
            Command::Fault { kind } => fail_on_purpose(kind),
        }
        Ok(())
    }

    async fn greet(&self) {
        if let Some(name) = events::adapter_name().await {
            device::name_adapter(name);
        }
        self.post(&events::ready());
    }

    fn draw_figure(&self, spec: &FigureSpec) -> Result<(), LabError> {
        let Figure { weights, mask, forward } = figure(spec).map_err(LabError::Config)?;
        self.post(&Event::Figure { weights, mask, forward });
        Ok(())
    }

    /// Times the products on the GPU if there is one and nothing else is asked for, on the CPU otherwise.
    async fn time_kernels(&self, wanted: Wanted) -> Result<(), LabError> {
        let gpu = if wanted == Wanted::Cpu { Err("chosen by you".to_owned()) } else { device::gpu().await };
        let (device, backend, adapter, reason) = match gpu {
            Ok(gpu) => (gpu.device, Backend::WebGpu, gpu.adapter, String::new()),
            Err(reason) if wanted == Wanted::WebGpu => return Err(refused(&reason)),
            Err(reason) => (Device::flex(), Backend::Cpu, String::new(), reason),
        };
        let products = device::products(&device).await.map_err(LabError::Device)?;
        let report = |timings, finished| {
            let (adapter, reason) = (adapter.clone(), reason.clone());
            self.post(&Event::Kernels { backend, adapter, reason, timings, finished });
        };
        timing::compare(products.tile, &device, report).await
    }

    fn checked(&self, document: serde_json::Value) -> Event {
        let names = ExperimentConfig::lane_names(document.clone());
        match ExperimentConfig::from_value(document) {
            Ok(config) => Event::Checked {
                problems: Vec::new(),
                names,
                lanes: events::checked_lanes(&config),
                schedule: curves::schedules(&config),
                parameters: self.parameters(&config),
                steps: config.steps(),
            },
            Err(problems) => {
                Event::Checked { problems, names, lanes: Vec::new(), schedule: Vec::new(), parameters: None, steps: 0 }
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
        if !task.reads_files() {
            return Dataset::generated(task);
        }
        if self.files.is_empty() {
            let reason = "needs your files: drop them anywhere on the page";
            return Err(LabError::Config(vec![Problem::new("task", reason)]));
        }
        Dataset::from_files(task, &self.files)
    }

    async fn open(
        &mut self,
        document: serde_json::Value,
        wanted: Wanted,
        files: Option<Vec<FileBytes>>,
        snapshot: Option<Snapshot>,
        share: Share,
    ) -> Result<(), LabError> {
        let config = ExperimentConfig::from_value(document)?;
        let files = files.map(|files| files.into_iter().map(DataFile::from).collect::<Vec<_>>());
        let dataset = match &files {
            Some(files) => Dataset::from_files(config.task(), files)?,
            None => self.dataset(config.task())?,
        };
        let shares = shares(config.lanes().len(), share.workers);
        let choice = device::choose(wanted, shares.len()).await.map_err(|reason| refused(&reason))?;
        self.adopt(config, dataset, choice, snapshot, share)?;
        if let Some(files) = files {
            self.files = files;
        }
        Ok(())
    }

    /// Replaces the run. Nothing of the old one is lost before the new one stands.
    fn adopt(
        &mut self,
        config: ExperimentConfig,
        dataset: Dataset,
        choice: Choice,
        snapshot: Option<Snapshot>,
        share: Share,
    ) -> Result<(), LabError> {
        let device = choice.device.clone();
        let shares = shares(config.lanes().len(), if choice.gpu.is_some() { 1 } else { share.workers });
        let lanes = shares.get(share.worker).ok_or_else(|| no_share(share))?.clone();
        // What the page has not seen of this run: the lead tells it of all lanes.
        let record = snapshot.as_ref().filter(|_| share.worker == 0).map(|snapshot| snapshot.record.clone());
        let experiment = match snapshot {
            Some(snapshot) => Experiment::resume(config, dataset, device, snapshot.of_lanes(&lanes)?)?,
            None => Experiment::of_lanes(config, lanes, dataset, device)?,
        }
        .with_products(choice.products());
        let step = experiment.step();
        self.post(&events::device(&choice));
        self.post(&events::opened(&experiment, shares.len()));
        if let Some(record) = record.filter(|_| step > 0) {
            self.post(&events::recorded(&record.in_current_columns()));
        }
        self.until = None;
        let workers = shares.len();
        self.run = Some(Run { experiment, choice, workers, opened_report: step > 0, speed: Speed::new(step) });
        self.set_state(RunState::Idle);
        Ok(())
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
        remedy: "Restart, which goes on from the last snapshot if there is one; if it happens again, choose the CPU."
            .into(),
    }
}

fn fail_on_purpose(kind: FaultKind) {
    match kind {
        FaultKind::Panic => panic!("a panic was asked for"),
        FaultKind::OutOfMemory => {
            // Each asks for half of all addresses there are.
            let hoard = [(); 3].map(|()| Vec::<u8>::with_capacity(isize::MAX as usize));
            std::hint::black_box(hoard);
        }
        FaultKind::Hang => loop {
            std::hint::spin_loop();
        },
    }
}

/// A worker was asked to train lanes that are not there.
fn no_share(Share { worker, workers }: Share) -> LabError {
    let reason = format!("worker {worker} of {workers} has no lanes to train; use as many workers as lanes at most");
    LabError::Config(vec![Problem::new("share", reason)])
}

/// A device that was asked for by name is not there.
fn refused(reason: &str) -> LabError {
    let reason = format!("WebGPU is not usable here: {reason}; choose automatic or CPU");
    LabError::Config(vec![Problem::new("device", reason)])
}
