//! One run of an experiment on one device.

use burn::backend::{Dispatch, tensor::IntTensor};
use burn::tensor::Device;

use super::batches::DeviceBatch;
use super::evaluate::Validation;
use super::mask_history::MaskHistory;
use super::plan::{self, LaneRules, SoftScales};
use super::prepare::Prepared;
use super::record::Record;
use super::shape::{architecture, network_shape};
use super::soft_scale::soft_scales;
use crate::config::{ExperimentConfig, LaneConfig};
use crate::cost::{Meter, NetworkCost};
use crate::data::Dataset;
use crate::error::LabError;
use crate::kernels::{
    Buffer, LaneOps, PackedLanes, Products, PrunableMatrix, Segment, SegmentKind, Weights, buffer, packed,
    plan as plan_columns,
};
use crate::metrics::{LaneMetrics, Noise};
use crate::model::{Transformer, initial_params};
use crate::sparsity::{LaneSchedule, LaneState};

/// Metrics of the lanes trained here after `step` steps.
#[derive(Clone, Debug)]
pub struct Report {
    /// Steps made.
    pub step: u32,
    /// One entry per lane.
    pub lanes: Vec<LaneMetrics>,
    /// Noise of every measured matrix, by lane; see [`Experiment::measured_matrices`]. Empty where it was not measured.
    pub layers: Vec<Vec<Noise>>,
}

/// Tensors that change with every step, `[lanes, ..]`.
#[derive(Clone)]
pub(super) struct State {
    pub(super) params: Buffer,
    pub(super) moments: Buffer,
    pub(super) mask: Buffer,
    pub(super) measured_mask: Buffer,
    pub(super) history: MaskHistory,
}

/// Tensors that never change.
pub(super) struct Tables {
    pub(super) segments: IntTensor<Dispatch>,
    pub(super) matrices: IntTensor<Dispatch>,
    pub(super) kinds: Buffer,
    /// Headers of packed forms in which nothing is packed, by column and by row.
    pub(super) unpacked: (Buffer, Buffer),
    /// Which segments the noise indicators cover.
    pub(super) measured: Vec<bool>,
    /// Which kinds of segments some lane of the experiment prunes.
    pub(super) pruned: [bool; SegmentKind::COUNT],
}

/// An experiment in progress: all of its lanes, or a share of them while others train the rest.
pub struct Experiment {
    pub(super) config: ExperimentConfig,
    /// The lanes trained here, by their place in the experiment, ascending. All tensors are of these.
    pub(super) share: Vec<usize>,
    pub(super) dataset: Dataset,
    pub(super) network: Transformer,
    pub(super) schedules: Vec<LaneSchedule>,
    pub(super) meters: Vec<Meter>,
    pub(super) soft_scales: Vec<SoftScales>,
    pub(super) device: Device,
    pub(super) tables: Tables,
    /// How the device multiplies.
    pub(super) products: Products,
    pub(super) state: State,
    pub(super) step: u32,
    pub(super) validation: Validation,
    /// (loss, right) of every answer of steps not yet read back, `[lanes, 2, rows]` each, with every lane's number of
    /// labelled answers.
    pub(super) outcomes: Vec<(Buffer, Vec<usize>)>,
    /// (mean loss, accuracy) of every lane and step since the last report, `[steps, lanes, 2]`.
    pub(super) unreported: Vec<f32>,
    /// Every report so far.
    pub(super) record: Record,
    /// Noise sums of the last step when it ends a reporting interval.
    pub(super) noise_sums: Option<Buffer>,
    pub(super) prepared: Prepared,
}

impl Experiment {
    /// Prepares a run of all lanes from the start: initial weights, tables, validation data.
    ///
    /// # Errors
    /// [`LabError::Config`] when the data and the model do not fit together.
    pub fn new(config: ExperimentConfig, dataset: Dataset, device: Device) -> Result<Self, LabError> {
        let all = (0..config.lanes().len()).collect();
        Self::of_lanes(config, all, dataset, device)
    }

    /// Prepares a run of the lanes in `share`, ascending. Their numbers are those of a run of all lanes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_lanes(
        config: ExperimentConfig,
        share: Vec<usize>,
        dataset: Dataset,
        device: Device,
    ) -> Result<Self, LabError> {
        let network = Transformer::new(architecture(&config, &dataset)?);
        let all: Vec<_> = config.lanes().iter().map(|lane| LaneSchedule::new(lane, &config)).collect();
        let schedules: Vec<_> = share.iter().map(|lane| all[*lane].clone()).collect();
        let shape = network_shape(&network.architecture);
        let meters =
            schedules.iter().map(|schedule| Meter::new(shape.clone(), schedule.clone(), config.batch())).collect();
        let samples = config.eval_samples();
        if samples > dataset.validation_len() {
            let have = dataset.validation_len();
            let reason = format!("{samples} samples are asked for but the data holds out {have}; use at most {have}");
            return Err(LabError::Config(vec![crate::error::Problem::new("eval.samples", reason)]));
        }
        let validation = Validation::new(&dataset, samples, &network, &device);
        let pruned = plan::pruned_kinds(&all);
        let segments = network.layout.segments();
        let kinds = network.layout.kinds();
        let tables = Tables {
            measured: segments.iter().map(|segment| pruned[segment.kind.index()]).collect(),
            segments: buffer::upload_table(Segment::table(&segments), &device),
            matrices: buffer::upload_table(
                network.layout.prunable.iter().flat_map(PrunableMatrix::words).collect(),
                &device,
            ),
            unpacked: (
                packed::unpacked(share.len(), network.layout.pack_grid.column_lines, &device),
                packed::unpacked(share.len(), network.layout.pack_grid.row_lines, &device),
            ),
            kinds: buffer::upload(kinds.clone(), [1, kinds.len()], &device),
            pruned,
        };
        let initial = initial_lanes(&config, &share, &network);
        let scales = |(lane, params): (&usize, &Vec<f32>)| soft_scales(&config.lanes()[*lane], params, &network.layout);
        let soft_scales = share.iter().zip(&initial).map(scales).collect();
        let state = initial_state(&initial, &network, &device);
        let record = Record::new(share.len());
        Ok(Self {
            config,
            share,
            dataset,
            network,
            schedules,
            meters,
            soft_scales,
            device,
            tables,
            products: Products::default(),
            state,
            step: 0,
            validation,
            outcomes: Vec::new(),
            unreported: Vec::new(),
            record,
            noise_sums: None,
            prepared: Prepared::default(),
        })
    }

    /// Multiplies as the device was found to be fastest: a question of speed, not of results.
    pub fn with_products(self, products: Products) -> Self {
        Self { products, ..self }
    }

    /// Back to the initial weights, before the first step.
    pub fn restart(&mut self) {
        let initial = initial_lanes(&self.config, &self.share, &self.network);
        self.state = initial_state(&initial, &self.network, &self.device);
        self.step = 0;
        self.outcomes.clear();
        self.unreported.clear();
        self.record = Record::new(self.lanes());
        self.noise_sums = None;
    }

    /// The validated experiment.
    pub fn config(&self) -> &ExperimentConfig {
        &self.config
    }

    /// The network that all lanes share.
    pub fn network(&self) -> &Transformer {
        &self.network
    }

    /// What the network that lane `lane` of the experiment would ship takes to run and to store, whoever trains it.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn shipped_cost(&self, lane: usize) -> NetworkCost {
        let schedule = LaneSchedule::new(&self.config.lanes()[lane], &self.config);
        network_shape(&self.network.architecture).cost(|site| schedule.target(site))
    }

    /// What reading the data's files had to change, in words for the user.
    pub fn dataset_note(&self) -> Option<&str> {
        self.dataset.note()
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

    /// Every report so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The lanes trained here, by their place in the experiment, ascending.
    pub fn share(&self) -> &[usize] {
        &self.share
    }

    /// Where a lane of the experiment stands among those trained here.
    pub fn place_of(&self, lane: usize) -> Option<usize> {
        self.share.iter().position(|trained| *trained == lane)
    }

    pub(super) fn lanes(&self) -> usize {
        self.share.len()
    }

    fn lane_configs(&self) -> impl Iterator<Item = &LaneConfig> {
        self.share.iter().map(|lane| &self.config.lanes()[*lane])
    }

    /// The seeds of the lanes trained here.
    pub(super) fn seeds(&self) -> Vec<u64> {
        self.lane_configs().map(|lane| lane.seed).collect()
    }

    /// What the recipes say about step `step`, for every lane.
    pub(super) fn lane_states(&self, step: u32) -> Vec<LaneState> {
        self.schedules.iter().map(|schedule| schedule.at(step)).collect()
    }

    /// Plan rows of all lanes, uploaded.
    pub(super) fn plan(&self, rules: &[LaneRules], states: &[LaneState]) -> Buffer {
        let rows = rules
            .iter()
            .zip(states)
            .flat_map(|(rules, state)| plan::plan_row(rules, state, self.config.optimizer(), self.step + 1));
        buffer::upload(rows.collect(), [self.lanes(), plan_columns::WIDTH], &self.device)
    }

    /// Mask, and the weights that the network reads under `rules`.
    pub(super) fn masked(&self, rules: &[LaneRules], plan: &Buffer) -> (Buffer, Weights) {
        let (layout, tables) = (&self.network.layout, &self.tables);
        let grid = layout.mask_grid(rules);
        let (mask, values) =
            Dispatch::select_masks(&self.state.params, &self.state.mask, plan, tables.segments.clone(), grid);
        let (columns, rows) = if rules.iter().flatten().any(|rule| rule.packed) {
            Dispatch::pack(&values, &mask, plan, tables.matrices.clone(), layout.pack_grid)
        } else {
            tables.unpacked.clone()
        };
        (mask, Weights { values, columns, rows, packed: PackedLanes::of(rules), tile: self.products.tile })
    }

    pub(super) fn rules(&self, states: &[LaneState]) -> Vec<LaneRules> {
        let lanes = states.iter().zip(self.lane_configs()).zip(&self.soft_scales);
        let rules = lanes.map(|((state, lane), scales)| plan::training_rules(state, lane, scales));
        rules.map(|rules| plan::packed_up_to(self.products.packed_density, rules)).collect()
    }

    /// Rules of the networks that would ship after `step`.
    pub(super) fn hard_rules(&self, step: u32) -> Vec<LaneRules> {
        let lanes = self.schedules.iter().zip(self.lane_configs()).zip(&self.soft_scales);
        let rules = lanes.map(|((schedule, lane), scales)| plan::hard_rules(schedule, step, lane, scales));
        rules.map(|rules| plan::packed_up_to(self.products.packed_density, rules)).collect()
    }

    /// Enqueues one training step of all lanes. Does nothing once [`finished`](Self::finished).
    pub fn train_step(&mut self) {
        if self.finished() {
            return;
        }
        let (rules, plan, mask, weights) = self.next_weights(self.step);
        let data = self.batch(&self.seeds(), self.step);
        let (grads, outcome) = self.gradient(&data, &weights);
        let (grads, scale) = Dispatch::rule_gradients(grads, &self.state.params, &mask, &plan, &self.tables.kinds);
        let (params, moments) = Dispatch::adamw(&self.state.params, &self.state.moments, &grads, &plan, &scale);
        let begin = self.lanes_where(|dense_end| dense_end == self.step);
        self.step += 1;
        self.outcomes.push((outcome, (0..self.lanes()).map(|lane| data.answers(lane)).collect()));
        let reported = self.lanes_where(|dense_end| dense_end < self.step && self.report_due());
        let mut history = self.state.history.clone();
        history.remember(&mask, &begin, &reported, &self.device);
        let mut measured_mask = self.state.measured_mask.clone();
        if self.report_due() {
            let (grid, segments) = (self.network.layout.mask_grid(&rules), self.tables.segments.clone());
            let sums = Dispatch::noise_sums(&grads, &moments, &mask, &measured_mask, &history.0, segments, grid);
            self.noise_sums = Some(sums);
            measured_mask = mask.clone();
        }
        self.state = State { params, moments, mask, measured_mask, history };
    }

    /// Which lanes' dense phase ends at a step of which `holds` is true.
    pub(super) fn lanes_where(&self, holds: impl Fn(u32) -> bool) -> Vec<bool> {
        self.schedules.iter().map(|schedule| holds(schedule.phases().dense_end)).collect()
    }

    /// Rules, plan, mask and weights of the training step `step`.
    pub(super) fn next_weights(&self, step: u32) -> (Vec<LaneRules>, Buffer, Buffer, Weights) {
        let states = self.lane_states(step);
        let rules = self.rules(&states);
        let plan = self.plan(&rules, &states);
        let (mask, weights) = self.masked(&rules, &plan);
        (rules, plan, mask, weights)
    }

    /// The weights without any mask.
    pub(super) fn dense_weights(&self) -> Weights {
        Weights::dense(self.state.params.clone(), self.tables.unpacked.clone(), self.products.tile)
    }

    /// The batch of `step` for lanes with these seeds.
    pub(super) fn batch(&mut self, seeds: &[u64], step: u32) -> DeviceBatch {
        let of = (step, self.config.batch());
        DeviceBatch::of_step(&mut self.dataset, seeds, of, &self.network.architecture, &self.device)
    }

    /// Gradient of the loss at `weights`, `[lanes, parameters]`, and the outcome of every sample.
    pub(super) fn gradient(&self, data: &DeviceBatch, weights: &Weights) -> (Buffer, Buffer) {
        let (scores, tape) = self.network.forward(&data.inputs, data.batch, weights);
        let classes = self.network.architecture.classes();
        let (d_scores, outcome) = Dispatch::cross_entropy(&scores, &data.targets, classes);
        let grads = buffer::uninitialised([self.lanes(), self.network.layout.len], &self.device);
        (self.network.backward(&d_scores, &tape, weights, grads), outcome)
    }

    /// The gradient as the optimizer would see it.
    pub(super) fn ruled(&self, gradient: Buffer, mask: &Buffer, plan: &Buffer) -> Buffer {
        Dispatch::rule_gradients(gradient, &self.state.params, mask, plan, &self.tables.kinds).0
    }

    /// Noise sums of a gradient, kept and pruned by `mask`.
    pub(super) fn sums_of(&self, gradient: &Buffer, mask: &Buffer, rules: &[LaneRules]) -> Buffer {
        let grid = self.network.layout.mask_grid(rules);
        let State { moments, history, .. } = &self.state;
        Dispatch::noise_sums(gradient, moments, mask, mask, &history.0, self.tables.segments.clone(), grid)
    }

    /// Names of the matrices that some lane prunes, in the order of a report's layers.
    pub fn measured_matrices(&self) -> Vec<&str> {
        let tensors = self.network.layout.tensors.iter().zip(&self.tables.measured);
        tensors.filter(|(_, measured)| **measured).map(|(tensor, _)| tensor.name.as_str()).collect()
    }
}

/// Initial parameters of the lanes in `share`.
fn initial_lanes(config: &ExperimentConfig, share: &[usize], network: &Transformer) -> Vec<Vec<f32>> {
    let initial = |lane: &usize| initial_params(&network.architecture, &network.layout, config.lanes()[*lane].seed);
    share.iter().map(initial).collect()
}

fn initial_state(initial: &[Vec<f32>], network: &Transformer, device: &Device) -> State {
    let (lanes, parameters) = (initial.len(), network.layout.len);
    let ones = || buffer::upload(vec![1.0; lanes * parameters], [lanes, parameters], device);
    State {
        params: buffer::upload(initial.concat(), [lanes, parameters], device),
        moments: buffer::upload(vec![0.0; 2 * lanes * parameters], [lanes, 2 * parameters], device),
        mask: ones(),
        measured_mask: ones(),
        history: MaskHistory::new(lanes, parameters, device),
    }
}
