//! What outlives a run: its snapshot, to continue from, and its fingerprint, to compare with.

use std::collections::BTreeMap;

use burn::tensor::Device;

use super::mask_history::{MaskHistory, split};
use super::run::{Experiment, State};
use super::safetensors::safetensors;
use super::snapshot::Snapshot;
use super::weights::LaneWeights;
use crate::config::ExperimentConfig;
use crate::data::Dataset;
use crate::error::LabError;
use crate::fingerprint::{Fingerprint, LaneFingerprint};
use crate::kernels::buffer;

impl Experiment {
    /// Prepares a run of the lanes in `snapshot` that continues from it.
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
        // Read again, because a document that an older version wrote may lack fields that have a default by now.
        let made_of = ExperimentConfig::from_json(&snapshot.document);
        if !made_of.is_ok_and(|made_of| made_of.trains_like(&config)) {
            return Err(LabError::Snapshot("it belongs to another experiment; open that one's link first".into()));
        }
        if snapshot.lanes.last().is_none_or(|last| *last >= config.lanes().len()) {
            return Err(LabError::Snapshot("it holds lanes that the experiment has not; is it damaged?".into()));
        }
        let mut run = Self::of_lanes(config, snapshot.lanes, dataset, device)?;
        let (lanes, parameters) = (run.lanes(), run.network.layout.len);
        let fits = snapshot.params.len() == lanes * parameters
            && snapshot.moments.len() == 2 * lanes * parameters
            && snapshot.mask.len() == lanes * parameters
            && snapshot.measured_mask.len() == lanes * parameters
            && snapshot.first_mask.len() == lanes * parameters
            && snapshot.ever_kept.len() == lanes * parameters
            && snapshot.unreported.len().is_multiple_of(2 * lanes)
            && snapshot.record.lanes.len() == lanes
            && snapshot.record.steps.last().is_none_or(|last| *last <= snapshot.step)
            && snapshot.step <= run.config.steps();
        if !fits {
            return Err(LabError::Snapshot("its sizes do not match the model; was it made with other data?".into()));
        }
        let flat = |values| buffer::upload(values, [lanes, parameters], &run.device);
        run.state = State {
            params: flat(snapshot.params),
            mask: flat(snapshot.mask),
            measured_mask: flat(snapshot.measured_mask),
            history: MaskHistory::of(&snapshot.first_mask, &snapshot.ever_kept, lanes, &run.device),
            moments: buffer::upload(snapshot.moments, [lanes, 2 * parameters], &run.device),
        };
        run.step = snapshot.step;
        run.unreported = snapshot.unreported;
        run.record = snapshot.record.in_current_columns();
        Ok(run)
    }

    /// Gives the run and its lanes the names of `config`, where they are all that differs. Says whether they are.
    pub fn relabel(&mut self, config: ExperimentConfig) -> bool {
        let same = self.config.trains_like(&config);
        if same {
            self.config = config;
        }
        same
    }

    /// The run's state, to [`resume`](Self::resume) from.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn snapshot(&mut self) -> Result<Snapshot, LabError> {
        self.read_back(None).await?;
        let State { params, moments, mask, measured_mask, history } = &self.state;
        let buffers = [params, moments, mask, measured_mask, &history.0].map(Clone::clone).to_vec();
        let values = buffer::read_all(buffers).await.map_err(LabError::Device)?;
        let [params, moments, mask, measured_mask, history] = values.try_into().expect("five tensors were asked for");
        let (first_mask, ever_kept) = split(&history);
        Ok(Snapshot {
            step: self.step,
            document: document_json(&self.config),
            lanes: self.share.clone(),
            params,
            moments,
            mask,
            measured_mask,
            first_mask,
            ever_kept,
            unreported: self.unreported.clone(),
            record: self.record.clone(),
        })
    }

    /// The weights and masks of every lane, each as a safetensors file; see `docs/FORMATS.md`.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn weights(&self) -> Result<Vec<Vec<u8>>, LabError> {
        let buffers = vec![self.state.params.clone(), self.state.mask.clone()];
        let values = buffer::read_all(buffers).await.map_err(LabError::Device)?;
        let [params, masks] = values.try_into().expect("two tensors were asked for");
        let len = self.network.layout.len;
        let lanes = params.chunks_exact(len).zip(masks.chunks_exact(len)).zip(&self.share);
        let file = |((params, masks), lane): (_, &usize)| {
            safetensors(&LaneWeights::new(&self.network, params), masks, &self.metadata(*lane))
        };
        Ok(lanes.map(file).collect())
    }

    /// What a weights file says about itself.
    fn metadata(&self, lane: usize) -> BTreeMap<String, String> {
        let pairs = [
            ("format", "nmflow-weights".to_owned()),
            ("nmflow", env!("CARGO_PKG_VERSION").to_owned()),
            ("lane", lane.to_string()),
            ("name", self.config.lanes()[lane].name.clone()),
            ("step", self.step.to_string()),
            ("document", document_json(&self.config)),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The results so far, as they are compared with those of another run. `device` says where they were made.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn fingerprint(&self, device: &str) -> Result<Fingerprint, LabError> {
        let params = buffer::read(self.state.params.clone()).await.map_err(LabError::Device)?;
        // Before the first step nothing was trained, and not every driver reports it.
        let first = self.record.steps.iter().take_while(|step| **step == 0).count();
        let steps = &self.record.steps[first..];
        let lanes = params.chunks_exact(self.network.layout.len).enumerate().map(|(lane, params)| {
            let weights = LaneWeights::new(&self.network, params).hash();
            LaneFingerprint::new(weights, steps, |key, report| self.record.value(lane, key, first + report))
        });
        Ok(Fingerprint::new(device, steps, lanes.collect()))
    }
}

/// The complete document, the same text for equal experiments.
fn document_json(config: &ExperimentConfig) -> String {
    serde_json::to_string(config.document()).expect("the raw form is plain JSON")
}
