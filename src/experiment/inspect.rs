//! A look at one matrix of one lane, without a trace in the run.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::plan::kind_of;
use super::run::Experiment;
use super::weights::LaneTensor;
use crate::config::{Axis, Site};
use crate::error::{LabError, Problem};
use crate::kernels::{Buffer, LaneOps, SegmentKind, buffer};

/// One matrix as the next step finds it. Numbers are `[rows, cols]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Steps made.
    pub step: u32,
    /// Name and shape.
    pub tensor: LaneTensor,
    /// Weights kept per group.
    pub n: usize,
    /// Weights per group.
    pub m: usize,
    /// Whether groups run along the rows' axis, the input features.
    pub along_inputs: bool,
    /// D: factor on pruned weights in the forward pass.
    pub decay: f32,
    /// Weights.
    pub weights: Vec<f32>,
    /// F: 1 for kept weights.
    pub mask: Vec<f32>,
    /// Gradient on the next batch, after the gradient rule and before clipping.
    pub gradient: Vec<f32>,
    /// AdamW's first moment.
    pub first_moment: Vec<f32>,
    /// AdamW's second moment.
    pub second_moment: Vec<f32>,
}

impl Experiment {
    /// The matrices that some recipe could prune.
    pub fn matrices(&self) -> Vec<LaneTensor> {
        let tensors = self.network.layout.tensors.iter().map(|tensor| LaneTensor::new(&self.network, tensor));
        tensors.filter(|tensor| tensor.kind != SegmentKind::Dense).collect()
    }

    /// Reads one matrix of one lane. Costs one step's forward and backward pass and the read-back of that matrix;
    /// changes nothing.
    ///
    /// # Errors
    /// [`LabError::Config`] when there is no such lane or matrix, [`LabError::Device`] when the device fails.
    pub async fn inspect(&mut self, lane: usize, name: &str) -> Result<Inspection, LabError> {
        let unknown = |field: &str| LabError::Config(vec![Problem::new(field, "is not part of the open experiment")]);
        let along_inputs = self.config.lanes().get(lane).is_some_and(|lane| lane.group_axis == Axis::In);
        let lane = self.place_of(lane).ok_or_else(|| unknown("lane"))?;
        let tensor = self.matrices().into_iter().find(|tensor| tensor.name == name).ok_or_else(|| unknown("tensor"))?;
        let states = self.lane_states(self.step.min(self.config.steps() - 1));
        let site = Site::ALL.into_iter().find(|site| kind_of(*site) == tensor.kind).expect("matrices have sites");
        let state = states[lane].sites[site.index()];

        let (_, plan, mask, weights) = self.next_weights(self.step.min(self.config.steps() - 1));
        let data = self.batch(&self.seeds(), self.step);
        let (grads, _) = self.gradient(&data, &weights);
        let (grads, _) = Dispatch::rule_gradients(grads, &self.state.params, &mask, &plan, &self.tables.kinds);
        let part = |buffer: &Buffer, moment: usize| {
            let (first, range) = (moment * self.network.layout.len, tensor.range());
            let all = Tensor::<2>::from_dispatch(buffer.clone());
            all.slice([lane..lane + 1, first + range.start..first + range.end]).into_dispatch()
        };
        let buffers = vec![
            part(&self.state.params, 0),
            part(&mask, 0),
            part(&grads, 0),
            part(&self.state.moments, 0),
            part(&self.state.moments, 1),
        ];
        let parts = buffer::read_all(buffers).await.map_err(LabError::Device)?;
        let mut parts = parts.iter().map(|part| tensor.values_of(part).collect::<Vec<f32>>());
        let mut next = || parts.next().expect("five parts were asked for");
        Ok(Inspection {
            step: self.step,
            n: state.pattern.n(),
            m: state.pattern.m(),
            along_inputs,
            decay: state.decay,
            weights: next(),
            mask: next(),
            gradient: next(),
            first_moment: next(),
            second_moment: next(),
            tensor,
        })
    }
}
