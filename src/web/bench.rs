//! What `npm run bench` times: a run without the lab around it, which also gives other libraries the same initial
//! weights and batches, and single kernels.

use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::config::ExperimentConfig;
use crate::data::{Batch, Dataset, Input};
use crate::device::{self, Case, Choice, Kernel, Shape};
use crate::error::LabError;
use crate::experiment::{Experiment, shares};
use crate::kernels::Tile;
use crate::model::Form;
use crate::pattern::NmPattern;

/// A training run that does what it is told and posts nothing.
#[wasm_bindgen]
pub struct TrainingBench {
    experiment: Experiment,
    /// The same data again: the run keeps its own to itself.
    dataset: Dataset,
    choice: Choice,
}

fn failure(error: &LabError) -> JsError {
    JsError::new(&error.to_string())
}

async fn choose(device: JsValue) -> Result<Choice, JsError> {
    device::choose(serde_wasm_bindgen::from_value(device)?, 1).await.map_err(|reason| JsError::new(&reason))
}

fn record(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &(*key).into(), value).expect("a plain object takes any key");
    }
    object.into()
}

#[wasm_bindgen]
impl TrainingBench {
    /// Opens an experiment document on generated data, on `auto`, `cpu` or `webgpu`: the lanes of worker `worker` when
    /// `workers` share them.
    ///
    /// # Errors
    /// When the document or the device is refused, or there are no lanes for this worker.
    pub async fn open(document: JsValue, device: JsValue, worker: usize, workers: usize) -> Result<Self, JsError> {
        let config = ExperimentConfig::from_value(serde_wasm_bindgen::from_value(document)?)
            .map_err(|problems| failure(&LabError::Config(problems)))?;
        let choice = choose(device).await?;
        let generated = || Dataset::generated(config.task()).map_err(|error| failure(&error));
        let (dataset, own) = (generated()?, generated()?);
        let shares = shares(config.lanes().len(), workers);
        let share = shares.get(worker).ok_or_else(|| JsError::new("there are more workers than lanes"))?.clone();
        let experiment = Experiment::of_lanes(config, share, own, choice.device.clone());
        let experiment = experiment.map_err(|error| failure(&error))?.with_products(choice.products());
        Ok(Self { experiment, dataset, choice })
    }

    /// The adapter, or why it is the CPU.
    pub fn device(&self) -> String {
        self.choice.gpu.as_ref().map_or_else(|| self.choice.reason.clone(), |gpu| gpu.adapter.clone())
    }

    /// Parameters of one lane, without those that only pad.
    pub fn parameters(&self) -> usize {
        self.experiment.network().architecture.parameters()
    }

    /// Trains `steps` steps and waits for them: the mean loss of every lane over these steps.
    ///
    /// # Errors
    /// When the device fails or a loss ceases to be a number.
    pub async fn train(&mut self, steps: u32) -> Result<Vec<f64>, JsError> {
        for _ in 0..steps {
            self.experiment.train_step();
        }
        let report = self.experiment.report().await.map_err(|error| failure(&error))?;
        if let Some(fault) = self.choice.gpu.as_ref().and_then(|gpu| gpu.fault()) {
            return Err(JsError::new(fault));
        }
        Ok(report.lanes.iter().map(|lane| lane.training.map_or(f64::NAN, |outcome| outcome.loss)).collect())
    }

    /// The first lane's parameters, by name: `{ rows, cols, values }` with `values` `[rows, cols]`.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn weights(&mut self) -> Result<JsValue, JsError> {
        let snapshot = self.experiment.snapshot().await.map_err(|error| failure(&error))?;
        let tensors = Object::new();
        for tensor in &self.experiment.network().layout.tensors {
            let at = tensor.segment;
            let row = |row: usize| &snapshot.params[at.offset + row * at.stride..][..at.cols];
            let values: Vec<f32> = (0..at.rows).flat_map(|index| row(index).iter().copied()).collect();
            let value = record(&[
                ("rows", at.rows.into()),
                ("cols", at.cols.into()),
                ("values", Float32Array::from(values.as_slice()).into()),
            ]);
            Reflect::set(&tensors, &tensor.name.as_str().into(), &value).expect("a plain object takes any key");
        }
        Ok(tensors.into())
    }

    /// The first `count` batches of images of the first lane: `{ patches, labels }` with `patches`
    /// `[batch * tokens, patch values]` and `labels` `[batch]`.
    pub fn batches(&mut self, count: u32) -> Array {
        let config = self.experiment.config();
        let (seed, size) = (config.lanes()[0].seed, config.batch());
        let Form::Classifier { grid, .. } = self.experiment.network().architecture.form else {
            return Array::new();
        };
        let record_of = |batch: &Batch, images: &[f32]| {
            let labels: Vec<f32> = batch.labels.iter().map(|label| *label as f32).collect();
            record(&[
                ("patches", Float32Array::from(grid.token_rows(images).as_slice()).into()),
                ("labels", Float32Array::from(labels.as_slice()).into()),
            ])
        };
        let batches = (0..count).map(|step| self.dataset.train_batch(seed, step, size));
        let images = batches.filter_map(|batch| match &batch.inputs[0] {
            Input::Pixels(images) => Some(record_of(&batch, images)),
            Input::Tokens(_) => None,
        });
        images.collect()
    }
}

/// Single kernels on one device.
#[wasm_bindgen]
pub struct KernelBench {
    choice: Choice,
    cases: Vec<Case>,
}

#[wasm_bindgen]
impl KernelBench {
    /// Opens `auto`, `cpu` or `webgpu`.
    ///
    /// # Errors
    /// When the device is refused.
    pub async fn open(device: JsValue) -> Result<Self, JsError> {
        Ok(Self { choice: choose(device).await?, cases: Vec::new() })
    }

    /// The adapter, or why it is the CPU.
    pub fn device(&self) -> String {
        self.choice.gpu.as_ref().map_or_else(|| self.choice.reason.clone(), |gpu| gpu.adapter.clone())
    }

    /// The tile of dense products that the device's probe chose.
    pub fn tile(&self) -> String {
        format!("{:?}", self.choice.products().tile).to_lowercase()
    }

    /// Prepares a kernel for a shape `{ rows, inputs, outputs }` and gives its number: `product`, dense where
    /// `n == m`, `mask` or `pack`. Dense products use `tile`, or the one that the probe chose.
    ///
    /// # Errors
    /// When there is no such kernel or pattern.
    pub fn add(&mut self, kernel: &str, n: usize, m: usize, shape: JsValue, tile: JsValue) -> Result<usize, JsError> {
        let pattern = NmPattern::new(n, m)?;
        let shape: Shape = serde_wasm_bindgen::from_value(shape)?;
        let tile: Option<Tile> = serde_wasm_bindgen::from_value(tile)?;
        let tile = tile.unwrap_or(self.choice.products().tile);
        let kernel = match kernel {
            "product" => Kernel::Product(pattern),
            "mask" => Kernel::Mask(pattern),
            "pack" => Kernel::Pack(pattern),
            other => return Err(JsError::new(&format!("there is no kernel {other}"))),
        };
        self.cases.push(Case::new(kernel, shape, tile, &self.choice.device));
        Ok(self.cases.len() - 1)
    }

    /// Milliseconds per launch of `repeats` launches of kernel `index`.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn time(&self, index: usize, repeats: u32) -> Result<f64, JsError> {
        let ms = self.cases[index].time_ms(repeats).await.map_err(|reason| JsError::new(&reason))?;
        match self.choice.gpu.as_ref().and_then(|gpu| gpu.fault()) {
            Some(fault) => Err(JsError::new(fault)),
            None => Ok(ms),
        }
    }
}
