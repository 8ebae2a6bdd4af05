//! What outlives a run: snapshots, fingerprints, links.

use serde_bytes::ByteBuf;

use super::events;
use super::lab::Lab;
use super::protocol::Event;
use crate::config::{ExperimentConfig, authors, link};
use crate::error::{LabError, Problem};
use crate::fingerprint::Fingerprint;

impl Lab {
    pub(super) async fn snapshot(&mut self) -> Result<(), LabError> {
        let Some(run) = &mut self.run else {
            return Err(LabError::Snapshot("nothing is open; open an experiment first".into()));
        };
        let snapshot = run.experiment.snapshot().await?;
        self.post(&Event::Snapshot { step: snapshot.step, bytes: ByteBuf::from(snapshot.to_bytes()) });
        Ok(())
    }

    pub(super) fn relabel(&mut self, document: serde_json::Value) {
        let Some(run) = &mut self.run else { return };
        let Ok(config) = ExperimentConfig::from_value(document) else { return };
        if run.experiment.relabel(config) {
            let config = run.experiment.config();
            let names = config.lanes().iter().map(|lane| lane.name.clone()).collect();
            let document = config.document().clone();
            self.post(&Event::Relabelled { document, names });
        }
    }

    pub(super) async fn post_fingerprint(&self) -> Result<(), LabError> {
        let Some(run) = &self.run else { return Ok(()) };
        let device = run.choice.gpu.as_ref().map_or("CPU", |gpu| gpu.adapter.as_str());
        let fingerprint = run.experiment.fingerprint(device).await?;
        self.post(&Event::Fingerprint { fingerprint });
        Ok(())
    }

    pub(super) async fn post_weights(&self, lane: usize) -> Result<(), LabError> {
        let Some(run) = &self.run else {
            return Err(LabError::Snapshot("nothing is open; open an experiment first".into()));
        };
        let mut files = run.experiment.weights().await?;
        let Some(place) = run.experiment.place_of(lane) else {
            return Err(LabError::Config(vec![Problem::new("lane", "is not part of the open experiment")]));
        };
        self.post(&Event::Weights { lane, bytes: ByteBuf::from(files.swap_remove(place)) });
        Ok(())
    }

    pub(super) async fn inspect(&mut self, lane: usize, tensor: &str) -> Result<(), LabError> {
        let Some(run) = &mut self.run else {
            return Err(LabError::Config(vec![Problem::new("tensor", "nothing is open; open an experiment first")]));
        };
        let seen = run.experiment.inspect(lane, tensor).await?;
        self.post(&events::inspected(lane, seen));
        Ok(())
    }

    pub(super) async fn predict(&mut self, lane: usize, first: usize, temperature: f64) -> Result<(), LabError> {
        let Some(run) = &self.run else {
            return Err(LabError::Config(vec![Problem::new("lane", "nothing is open; open an experiment first")]));
        };
        let samples = run.experiment.predictions(lane, first, temperature).await?;
        let (step, held_out) = (run.experiment.step(), run.experiment.held_out());
        self.post(&Event::Predictions { step, lane, first, held_out, samples });
        Ok(())
    }

    pub(super) fn write_authors(&self, document: serde_json::Value) -> Result<(), LabError> {
        let config = ExperimentConfig::from_value(document)?;
        let lanes = (0..config.lanes().len()).map(|lane| authors::yaml(&config, lane)).collect();
        self.post(&Event::Authors { lanes });
        Ok(())
    }

    pub(super) fn encode_link(
        &self,
        document: serde_json::Value,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<(), LabError> {
        let config = ExperimentConfig::from_value(document)?;
        self.post(&Event::Link { fragment: link::encode(config.document(), fingerprint) });
        Ok(())
    }

    pub(super) fn decode_link(&self, fragment: &str) -> Result<(), LabError> {
        let link::Link { experiment, fingerprint } = link::decode(fragment)?;
        self.post(&Event::Document { document: experiment.document().clone(), fingerprint });
        Ok(())
    }
}
