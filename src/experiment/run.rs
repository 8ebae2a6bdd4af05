//! One run of an experiment on one device.

use burn::backend::{Dispatch, tensor::IntTensor};
use burn::tensor::Device;

use super::batches;
use super::evaluate::Validation;
use super::plan::{self, LaneRules, SoftScales};
use super::snapshot::Snapshot;
use super::soft_scale::soft_scales;
use super::validity::invalid_groups;
use crate::config::{ExperimentConfig, LaneConfig, Site};
use crate::cost::{Meter, NetworkCost, NetworkShape};
use crate::data::Dataset;
use crate::error::LabError;
use crate::kernels::{Buffer, LaneOps, PrunableMatrix, Segment, Weights, buffer, packed, plan as plan_columns};
use crate::metrics::{LaneMetrics, Noise, Outcome, SiteMetrics};
use crate::model::{Architecture, PatchGrid, VisionTransformer, initial_params};
use crate::sparsity::{LaneSchedule, LaneState};

/// Metrics of all lanes after `step` steps.
#[derive(Clone, Debug)]
pub struct Report {
    /// Steps made.
    pub step: u32,
    /// One entry per lane.
    pub lanes: Vec<LaneMetrics>,
}

/// Tensors that change with every step, `[lanes, ..]`.
struct State {
    params: Buffer,
    moments: Buffer,
    mask: Buffer,
    measured_mask: Buffer,
}

/// Tensors that never change.
struct Tables {
    segments: IntTensor<Dispatch>,
    matrices: IntTensor<Dispatch>,
    kinds: Buffer,
    /// Headers of packed forms in which nothing is packed, by column and by row.
    unpacked: (Buffer, Buffer),
    /// Which segments the noise indicators cover.
    measured: Vec<bool>,
}

/// Density up to which the packed form is the faster one where nothing was measured.
const PACKED_DENSITY: f64 = 0.25;

/// An experiment in progress.
pub struct Experiment {
    config: ExperimentConfig,
    dataset: Dataset,
    network: VisionTransformer,
    schedules: Vec<LaneSchedule>,
    meters: Vec<Meter>,
    soft_scales: Vec<SoftScales>,
    device: Device,
    tables: Tables,
    /// Weights of at most this density are multiplied in packed form.
    packed_density: f64,
    state: State,
    step: u32,
    validation: Validation,
    /// (loss, right) per sample of steps not yet read back, `[lanes, 2, batch]` each.
    outcomes: Vec<Buffer>,
    /// (mean loss, accuracy) of every lane and step since the last report, `[steps, lanes, 2]`.
    unreported: Vec<f32>,
    /// Noise sums of the last step, when it ends a reporting interval.
    noise_sums: Option<Buffer>,
}

impl Experiment {
    /// Prepares a run from the start: initial weights, tables, validation data.
    ///
    /// # Errors
    /// [`LabError::Config`] when the data and the model do not fit together.
    pub fn new(config: ExperimentConfig, dataset: Dataset, device: Device) -> Result<Self, LabError> {
        let network = VisionTransformer::new(architecture(&config, &dataset)?);
        let schedules: Vec<_> = config.lanes().iter().map(|lane| LaneSchedule::new(lane, &config)).collect();
        let shape = network_shape(&network.architecture);
        let meters = schedules.iter().map(|schedule| Meter::new(shape, schedule.clone(), config.batch())).collect();
        let samples = config.eval_samples();
        if samples > dataset.validation_len() {
            let have = dataset.validation_len();
            let reason = format!("{samples} samples are asked for but the data holds out {have}; use at most {have}");
            return Err(LabError::Config(vec![crate::error::Problem::new("eval.samples", reason)]));
        }
        let validation = Validation::new(&dataset, samples, &network, &device);
        let pruned = plan::pruned_kinds(&schedules);
        let segments = network.layout.segments();
        let kinds = network.layout.kinds();
        let tables = Tables {
            measured: segments.iter().map(|segment| pruned[segment.kind.index()]).collect(),
            segments: buffer::upload_table(segments.iter().flat_map(Segment::words).collect(), &device),
            matrices: buffer::upload_table(
                network.layout.prunable.iter().flat_map(PrunableMatrix::words).collect(),
                &device,
            ),
            unpacked: (
                packed::unpacked(config.lanes().len(), network.layout.pack_grid.column_lines, &device),
                packed::unpacked(config.lanes().len(), network.layout.pack_grid.row_lines, &device),
            ),
            kinds: buffer::upload(kinds.clone(), [1, kinds.len()], &device),
        };
        let initial = initial_lanes(&config, &network);
        let scales = |(lane, params): (_, &Vec<f32>)| soft_scales(lane, params, &network.layout);
        let soft_scales = config.lanes().iter().zip(&initial).map(scales).collect();
        let state = initial_state(&initial, &network, &device);
        Ok(Self {
            config,
            dataset,
            network,
            schedules,
            meters,
            soft_scales,
            device,
            tables,
            packed_density: PACKED_DENSITY,
            state,
            step: 0,
            validation,
            outcomes: Vec::new(),
            unreported: Vec::new(),
            noise_sums: None,
        })
    }

    /// Multiplies weights of at most this density in packed N:M form: a question of speed, not of results.
    pub fn with_packed_density(self, packed_density: f64) -> Self {
        Self { packed_density, ..self }
    }

    /// Prepares a run that continues from `snapshot`.
    ///
    /// # Errors
    /// [`LabError::Snapshot`] when the snapshot is of another experiment or shape; otherwise as
    /// [`new`](Self::new).
    pub fn resume(
        config: ExperimentConfig,
        dataset: Dataset,
        device: Device,
        snapshot: Snapshot,
    ) -> Result<Self, LabError> {
        if document_json(&config) != snapshot.document {
            return Err(LabError::Snapshot("it belongs to another experiment; open that one's link first".into()));
        }
        let mut run = Self::new(config, dataset, device)?;
        let (lanes, parameters) = (run.lanes(), run.network.layout.len);
        let fits = snapshot.params.len() == lanes * parameters
            && snapshot.moments.len() == 2 * lanes * parameters
            && snapshot.mask.len() == lanes * parameters
            && snapshot.measured_mask.len() == lanes * parameters
            && snapshot.unreported.len().is_multiple_of(2 * lanes)
            && snapshot.step <= run.config.steps();
        if !fits {
            return Err(LabError::Snapshot("its sizes do not match the model; was it made with other data?".into()));
        }
        let flat = |values| buffer::upload(values, [lanes, parameters], &run.device);
        run.state = State {
            params: flat(snapshot.params),
            mask: flat(snapshot.mask),
            measured_mask: flat(snapshot.measured_mask),
            moments: buffer::upload(snapshot.moments, [lanes, 2 * parameters], &run.device),
        };
        run.step = snapshot.step;
        run.unreported = snapshot.unreported;
        Ok(run)
    }

    /// Back to the initial weights, before the first step.
    pub fn restart(&mut self) {
        self.state = initial_state(&initial_lanes(&self.config, &self.network), &self.network, &self.device);
        self.step = 0;
        self.outcomes.clear();
        self.unreported.clear();
        self.noise_sums = None;
    }

    /// The validated experiment.
    pub fn config(&self) -> &ExperimentConfig {
        &self.config
    }

    /// The network that all lanes share.
    pub fn network(&self) -> &VisionTransformer {
        &self.network
    }

    /// What the network that lane `lane` would ship takes to run and to store.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn shipped_cost(&self, lane: usize) -> NetworkCost {
        network_shape(&self.network.architecture).cost(|site| self.schedules[lane].target(site))
    }

    /// Steps made so far.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Whether the step budget is spent.
    pub fn finished(&self) -> bool {
        self.step >= self.config.steps()
    }

    /// Whether a report is due after the steps made so far.
    pub fn report_due(&self) -> bool {
        self.step.is_multiple_of(self.config.report_every()) || self.finished()
    }

    fn lanes(&self) -> usize {
        self.config.lanes().len()
    }

    /// What the recipes say about step `step`, for every lane.
    fn lane_states(&self, step: u32) -> Vec<LaneState> {
        self.schedules.iter().map(|schedule| schedule.at(step)).collect()
    }

    /// Plan rows of all lanes, uploaded.
    fn plan(&self, rules: &[LaneRules], states: &[LaneState]) -> Buffer {
        let rows = rules
            .iter()
            .zip(states)
            .flat_map(|(rules, state)| plan::plan_row(rules, state, self.config.optimizer(), self.step + 1));
        buffer::upload(rows.collect(), [self.lanes(), plan_columns::WIDTH], &self.device)
    }

    /// Mask, and the weights that the network reads under `rules`.
    fn masked(&self, rules: &[LaneRules], plan: &Buffer) -> (Buffer, Weights) {
        let (layout, tables) = (&self.network.layout, &self.tables);
        let grid = layout.mask_grid(rules);
        let (mask, values) =
            Dispatch::select_masks(&self.state.params, &self.state.mask, plan, tables.segments.clone(), grid);
        let (columns, rows) = if rules.iter().flatten().any(|rule| rule.packed) {
            Dispatch::pack(&values, &mask, plan, tables.matrices.clone(), layout.pack_grid)
        } else {
            tables.unpacked.clone()
        };
        (mask, Weights { values, columns, rows })
    }

    fn rules(&self, states: &[LaneState]) -> Vec<LaneRules> {
        let lanes = states.iter().zip(self.config.lanes()).zip(&self.soft_scales);
        let rules = lanes.map(|((state, lane), scales)| plan::training_rules(state, lane, scales));
        rules.map(|rules| plan::packed_up_to(self.packed_density, rules)).collect()
    }

    /// Rules of the networks that would ship after `step`.
    fn hard_rules(&self, step: u32) -> Vec<LaneRules> {
        let lanes = self.schedules.iter().zip(self.config.lanes()).zip(&self.soft_scales);
        let rules = lanes.map(|((schedule, lane), scales)| plan::hard_rules(schedule, step, lane, scales));
        rules.map(|rules| plan::packed_up_to(self.packed_density, rules)).collect()
    }

    /// Enqueues one training step of all lanes. Does nothing once [`finished`](Self::finished).
    pub fn train_step(&mut self) {
        if self.finished() {
            return;
        }
        let states = self.lane_states(self.step);
        let rules = self.rules(&states);
        let plan = self.plan(&rules, &states);
        let seeds: Vec<u64> = self.config.lanes().iter().map(|lane| lane.seed).collect();
        let batch = self.config.batch();
        let grid = &self.network.architecture.grid;
        let data = batches::training_batch(&mut self.dataset, &seeds, self.step, batch, grid, &self.device);

        let (mask, weights) = self.masked(&rules, &plan);
        let (scores, tape) = self.network.forward(data.patches, data.batch, &weights);
        let (d_scores, outcome) =
            Dispatch::cross_entropy(&scores, &data.labels, self.network.architecture.classes, data.samples);
        let grads = buffer::uninitialised([self.lanes(), self.network.layout.len], &self.device);
        let grads = self.network.backward(&d_scores, &tape, &weights, grads);
        let (grads, scale) = Dispatch::rule_gradients(grads, &self.state.params, &mask, &plan, &self.tables.kinds);
        let (params, moments) = Dispatch::adamw(&self.state.params, &self.state.moments, &grads, &plan, &scale);

        self.step += 1;
        self.outcomes.push(outcome);
        let mut measured_mask = self.state.measured_mask.clone();
        if self.report_due() {
            let table = self.tables.segments.clone();
            let grid = self.network.layout.mask_grid(&rules);
            self.noise_sums = Some(Dispatch::noise_sums(&grads, &moments, &mask, &measured_mask, table, grid));
            measured_mask = mask.clone();
        }
        self.state = State { params, moments, mask, measured_mask };
    }

    /// Reads the outcomes of the steps made since the last read-back, and `noise` with them: one wait for
    /// the device. Gives back the values of `noise`.
    async fn read_back(&mut self, noise: Option<Buffer>) -> Result<Option<Vec<f32>>, LabError> {
        let mut buffers = std::mem::take(&mut self.outcomes);
        let count = buffers.len();
        buffers.extend(noise);
        if buffers.is_empty() {
            return Ok(None);
        }
        let first_step = self.step - u32::try_from(count).expect("a reporting interval is short");
        let mut steps = buffer::read_all(buffers).await.map_err(LabError::Device)?;
        let noise = if steps.len() > count { steps.pop() } else { None };
        let samples = self.config.batch() as f64;
        for (step, outcomes) in (first_step..).zip(steps) {
            let len = outcomes.len() / self.lanes();
            for (lane, outcomes) in outcomes.chunks_exact(len).enumerate() {
                let (losses, rights) = outcomes.split_at(len / 2);
                let mean = |values: &[f32]| values.iter().map(|x| f64::from(*x)).sum::<f64>() / samples;
                let (loss, accuracy) = (mean(losses), mean(rights));
                if !loss.is_finite() {
                    let reason = format!("the loss is {loss}; lower the learning rate or beta of this lane");
                    return Err(LabError::Training { step, lane, reason });
                }
                self.unreported.extend([loss as f32, accuracy as f32]);
            }
        }
        Ok(noise)
    }

    /// Waits for the device and gives the metrics of all lanes after the steps made so far.
    ///
    /// # Errors
    /// [`LabError::Training`] with the step and lane where a loss ceased to be a number,
    /// [`LabError::Device`] when the device fails.
    pub async fn report(&mut self) -> Result<Report, LabError> {
        let sums = self.noise_sums.take();
        let sums = self.read_back(sums).await?;
        let noise = sums.map(|sums| self.noise_of_lanes(&sums));
        let training = self.take_training();
        let due = self.step.is_multiple_of(self.config.eval_every()) || self.finished();
        let validation = if due { Some(self.evaluate().await?) } else { None };
        let invalid = if self.finished() { Some(self.invalid_groups().await?) } else { None };
        let states = self.lane_states(self.step.saturating_sub(1));
        let spent: Vec<_> = self.meters.iter_mut().map(|meter| meter.after(self.step)).collect();
        let lanes = (0..self.lanes()).map(|lane| {
            let state = &states[lane];
            let attention = self.attention_site();
            LaneMetrics {
                training: training.as_ref().map(|training| training[lane]),
                validation: validation.as_ref().map(|(soft, _)| soft[lane]),
                validation_hard: validation.as_ref().map(|(_, hard)| hard[lane]),
                learning_rate: f64::from(state.learning_rate),
                feed_forward: site_metrics(state, Site::Ff1),
                attention: attention.map(|site| site_metrics(state, site)),
                noise: noise.as_ref().map(|noise| noise[lane]),
                spent: spent[lane],
                invalid_groups: invalid.as_ref().map(|invalid| invalid[lane]),
            }
        });
        Ok(Report { step: self.step, lanes: lanes.collect() })
    }

    /// The first attention matrix that some lane prunes.
    fn attention_site(&self) -> Option<Site> {
        let pruned = plan::pruned_kinds(&self.schedules);
        [Site::Q, Site::K, Site::V, Site::O].into_iter().find(|site| pruned[plan::kind_of(*site).index()])
    }

    fn take_training(&mut self) -> Option<Vec<Outcome>> {
        let unreported = std::mem::take(&mut self.unreported);
        let lanes = self.lanes();
        let steps = unreported.len() / (2 * lanes);
        (steps > 0).then(|| {
            let mean = |lane: usize, part: usize| {
                let values = unreported.chunks_exact(2 * lanes).map(|step| f64::from(step[2 * lane + part]));
                values.sum::<f64>() / steps as f64
            };
            (0..lanes).map(|lane| Outcome { loss: mean(lane, 0), accuracy: mean(lane, 1) }).collect()
        })
    }

    /// Indicators of every lane from the noise sums `[lanes, segments, 2 * SUMS]`.
    fn noise_of_lanes(&self, sums: &[f32]) -> Vec<Noise> {
        let lanes = sums.chunks_exact(sums.len() / self.lanes());
        lanes.map(|lane| Noise::of_segments(lane, &self.tables.measured)).collect()
    }

    /// Soft and hard outcomes on held-out data, of the network that the next step would train.
    async fn evaluate(&self) -> Result<(Vec<Outcome>, Vec<Outcome>), LabError> {
        let step = self.step.min(self.config.steps() - 1);
        let states = self.lane_states(step);
        let soft_rules = self.rules(&states);
        let hard_rules = self.hard_rules(step);
        let outcome = async |rules: &[LaneRules]| {
            let (_, weights) = self.masked(rules, &self.plan(rules, &states));
            self.validation.evaluate(&self.network, &weights).await.map_err(LabError::Device)
        };
        let soft = outcome(&soft_rules).await?;
        let hard = if hard_rules == soft_rules { soft.clone() } else { outcome(&hard_rules).await? };
        Ok((soft, hard))
    }

    /// Groups of every lane's hardened weights that keep too much, counted on the weights read back.
    async fn invalid_groups(&self) -> Result<Vec<usize>, LabError> {
        let step = self.step.min(self.config.steps() - 1);
        let rules = self.hard_rules(step);
        let (_, weights) = self.masked(&rules, &self.plan(&rules, &self.lane_states(step)));
        let weights = buffer::read(weights.values).await.map_err(LabError::Device)?;
        let segments = self.network.layout.segments();
        let lanes = weights.chunks_exact(self.network.layout.len).zip(&rules);
        Ok(lanes.map(|(weights, rules)| invalid_groups(weights, &segments, rules)).collect())
    }

    /// The run's state, to [`resume`](Self::resume) from.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn snapshot(&mut self) -> Result<Snapshot, LabError> {
        self.read_back(None).await?;
        let State { params, moments, mask, measured_mask } = &self.state;
        let buffers = [params, moments, mask, measured_mask].map(Clone::clone).to_vec();
        let values = buffer::read_all(buffers).await.map_err(LabError::Device)?;
        let [params, moments, mask, measured_mask] = values.try_into().expect("four tensors were asked for");
        let document = document_json(&self.config);
        let unreported = self.unreported.clone();
        Ok(Snapshot { step: self.step, document, params, moments, mask, measured_mask, unreported })
    }
}

/// The complete document, the same text for equal experiments.
fn document_json(config: &ExperimentConfig) -> String {
    serde_json::to_string(config.document()).expect("the raw form is plain JSON")
}

fn site_metrics(state: &LaneState, site: Site) -> SiteMetrics {
    let site = &state.sites[site.index()];
    let pattern = site.pattern;
    SiteMetrics { decay: f64::from(site.decay), n: pattern.n() as f64, m: pattern.m() as f64 }
}

/// Sizes of the network for images of the data's shape.
///
/// # Errors
/// What does not fit, field by field.
pub fn architecture(config: &ExperimentConfig, dataset: &Dataset) -> Result<Architecture, LabError> {
    let (image, model) = (dataset.image_shape(), config.model());
    config.fit_image(image.height, image.width)?;
    Ok(Architecture {
        grid: PatchGrid { height: image.height, width: image.width, channels: image.channels, patch: model.patch },
        classes: dataset.classes(),
        layers: model.layers,
        heads: model.heads,
        d_model: model.d_model,
        d_ff: model.d_ff,
    })
}

/// The sizes that decide what a network costs.
pub fn network_shape(architecture: &Architecture) -> NetworkShape {
    NetworkShape {
        tokens: architecture.grid.tokens(),
        layers: architecture.layers,
        d_model: architecture.d_model,
        d_ff: architecture.d_ff,
        patch_features: architecture.grid.features(),
        classes: architecture.classes,
    }
}

/// Initial parameters of every lane.
fn initial_lanes(config: &ExperimentConfig, network: &VisionTransformer) -> Vec<Vec<f32>> {
    let initial = |lane: &LaneConfig| initial_params(&network.architecture, &network.layout, lane.seed);
    config.lanes().iter().map(initial).collect()
}

fn initial_state(initial: &[Vec<f32>], network: &VisionTransformer, device: &Device) -> State {
    let (lanes, parameters) = (initial.len(), network.layout.len);
    let ones = || buffer::upload(vec![1.0; lanes * parameters], [lanes, parameters], device);
    State {
        params: buffer::upload(initial.concat(), [lanes, parameters], device),
        moments: buffer::upload(vec![0.0; 2 * lanes * parameters], [lanes, 2 * parameters], device),
        mask: ones(),
        measured_mask: ones(),
    }
}
