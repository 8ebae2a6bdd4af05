//! What a lane's network answers to held-out samples: classes, translations, continued text.

use burn::tensor::Device;
use serde::Serialize;

use super::batches::DeviceBatch;
use super::run::Experiment;
use crate::data::{Alphabet, Batch, ImageShape, Input, NO_LABEL, SampleForm, TextForm};
use crate::error::{LabError, Problem};
use crate::kernels::{Weights, buffer, packed};
use crate::model::Transformer;
use crate::random::Stream;

/// Samples that are answered at a time.
pub const SAMPLES: usize = 8;
/// Greatest temperature; beyond it every letter is about as likely as any other.
const MOST_TEMPERATURE: f64 = 5.0;

/// A held-out sample and the network's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Prediction {
    /// The text that the network was given; empty for an image.
    pub input: String,
    /// The image that it was given.
    pub image: Option<Picture>,
    /// The right answer; of running text, how it went on.
    pub truth: String,
    /// The network's answer.
    pub answer: String,
    /// Whether the answer is right; null for running text, which may go on in many ways.
    pub right: Option<bool>,
}

/// An image as the network sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Picture {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Numbers per pixel.
    pub channels: usize,
    /// `[height, width, channels]`, about zero mean and unit scale.
    pub pixels: Vec<f32>,
}

/// One lane's network.
struct Answering<'a> {
    network: &'a Transformer,
    weights: Weights,
    device: &'a Device,
}

/// Class scores of every answer, `[logits, rows]`, of which `classes` count.
struct Scores {
    values: Vec<f32>,
    rows: usize,
    classes: usize,
}

impl Scores {
    fn of_row(&self, row: usize) -> Vec<f32> {
        (0..self.classes).map(|class| self.values[class * self.rows + row]).collect()
    }
}

/// The best class; ties go to the lower one.
fn best(scores: &[f32]) -> u32 {
    let better = |best: usize, class: usize| if scores[class] > scores[best] { class } else { best };
    (0..scores.len()).fold(0, better) as u32
}

/// A class drawn by the softmax of `scores / temperature`; the best one at temperature 0.
fn drawn(scores: &[f32], temperature: f64, stream: &mut Stream) -> u32 {
    let top = best(scores);
    if temperature == 0.0 {
        return top;
    }
    let weight = |score: &f32| libm::exp(f64::from(*score - scores[top as usize]) / temperature);
    let total: f64 = scores.iter().map(weight).sum();
    let mut left = f64::from(stream.uniform()) * total;
    for (class, score) in (0..).zip(scores) {
        left -= weight(score);
        if left < 0.0 {
            return class;
        }
    }
    top
}

impl Experiment {
    /// Number of held-out samples.
    pub fn held_out(&self) -> usize {
        self.dataset.validation_len()
    }

    /// Answers of the network that `lane` would ship to the held-out samples from number `first` on, at most
    /// [`SAMPLES`]. Text is continued at `temperature`: 0 takes the likeliest character. Changes nothing.
    ///
    /// # Errors
    /// [`LabError::Config`] naming an argument that does not fit, [`LabError::Device`] when the device fails.
    pub async fn predictions(&self, lane: usize, first: usize, temperature: f64) -> Result<Vec<Prediction>, LabError> {
        let refused = |field: &str, reason: String| Err(LabError::Config(vec![Problem::new(field, reason)]));
        let held_out = self.held_out();
        let Some(place) = self.place_of(lane) else {
            return refused("lane", format!("must be one of {:?}, the lanes that train here", self.share));
        };
        if first >= held_out {
            return refused("first", format!("must be below {held_out}, the number of held-out samples"));
        }
        if !(0.0..=MOST_TEMPERATURE).contains(&temperature) {
            return refused("temperature", format!("must lie between 0 and {MOST_TEMPERATURE}, not {temperature}"));
        }
        let network =
            Answering { network: &self.network, weights: self.shipped_weights(place).await?, device: &self.device };
        let batch = self.dataset.validation(first, SAMPLES.min(held_out - first));
        match self.dataset.form() {
            SampleForm::Images { shape, class_names } => network.classify(&batch, *shape, class_names).await,
            SampleForm::Text(form) => {
                let seed = self.config().lanes()[lane].seed;
                let stream = |at: usize| Stream::new(seed, &format!("sample/{}", self.step()), (first + at) as u64);
                network.continue_text(batch, form, temperature, stream).await
            }
            SampleForm::Pairs { source, target } => network.translate(batch, source, target).await,
        }
        .map_err(LabError::Device)
    }

    /// The weights that the lane at `place` would ship after the present step, alone and unpacked.
    async fn shipped_weights(&self, place: usize) -> Result<Weights, LabError> {
        let step = self.step.min(self.config.steps() - 1);
        let rules = self.hard_rules(step);
        let (_, weights) = self.masked(&rules, &self.plan(&rules, &self.lane_states(step)));
        let values = buffer::read(weights.values).await.map_err(LabError::Device)?;
        let (len, grid) = (self.network.layout.len, self.network.layout.pack_grid);
        let values = buffer::upload(values[place * len..][..len].to_vec(), [1, len], &self.device);
        let unpacked = [grid.column_lines, grid.row_lines].map(|lines| packed::unpacked(1, lines, &self.device));
        Ok(Weights::dense(values, unpacked.into(), self.products.tile))
    }
}

impl Answering<'_> {
    async fn scores(&self, batch: &Batch) -> Result<Scores, String> {
        let architecture = &self.network.architecture;
        let data = DeviceBatch::upload(&[batch], architecture, self.device);
        let (scores, _) = self.network.forward(&data.inputs, data.batch, &self.weights);
        let rows = data.batch * architecture.answers();
        Ok(Scores { values: buffer::read(scores).await?, rows, classes: architecture.classes() })
    }

    async fn classify(&self, batch: &Batch, shape: ImageShape, names: &[String]) -> Result<Vec<Prediction>, String> {
        let scores = self.scores(batch).await?;
        let Input::Pixels(pixels) = &batch.inputs[0] else { unreachable!("images have pixels") };
        let ImageShape { height, width, channels } = shape;
        let samples = pixels.chunks_exact(shape.pixels()).zip(&batch.labels).enumerate();
        let answer = |(at, (pixels, label)): (usize, (&[f32], &u32))| {
            let class = best(&scores.of_row(at));
            Prediction {
                input: String::new(),
                image: Some(Picture { height, width, channels, pixels: pixels.to_vec() }),
                truth: names[*label as usize].clone(),
                answer: names[class as usize].clone(),
                right: Some(class == *label),
            }
        };
        Ok(samples.map(answer).collect())
    }

    /// Answers token by token from position `from` on; each answer becomes the input at the next position.
    async fn decode(
        &self,
        batch: &mut Batch,
        (from, tokens): (usize, usize),
        mut choose: impl FnMut(usize, &[f32]) -> u32,
    ) -> Result<Vec<Vec<u32>>, String> {
        let mut answers = vec![Vec::new(); batch.labels.len() / tokens];
        for position in from..tokens {
            let scores = self.scores(batch).await?;
            let Some(Input::Tokens(ids)) = batch.inputs.last_mut() else { unreachable!("text has tokens") };
            for (sample, answer) in answers.iter_mut().enumerate() {
                let row = sample * tokens + position;
                let token = choose(sample, &scores.of_row(row));
                answer.push(token);
                if position + 1 < tokens {
                    ids[row + 1] = token;
                }
            }
        }
        Ok(answers)
    }

    /// The first half of every sample, continued.
    async fn continue_text(
        &self,
        mut batch: Batch,
        form: &TextForm,
        temperature: f64,
        stream: impl Fn(usize) -> Stream,
    ) -> Result<Vec<Prediction>, String> {
        let (tokens, prompt) = (form.tokens, form.tokens.div_ceil(2));
        let mut streams: Vec<Stream> = (0..batch.labels.len() / tokens).map(stream).collect();
        let choose = |sample: usize, scores: &[f32]| drawn(scores, temperature, &mut streams[sample]);
        let answers = self.decode(&mut batch, (prompt - 1, tokens), choose).await?;
        let Input::Tokens(ids) = &batch.inputs[0] else { unreachable!("text has tokens") };
        let samples = ids.chunks_exact(tokens).zip(batch.labels.chunks_exact(tokens)).zip(&answers);
        let prediction = |((ids, labels), answer): ((&[u32], &[u32]), &Vec<u32>)| Prediction {
            input: form.alphabet.text(&ids[..prompt]),
            image: None,
            truth: form.alphabet.text(&labels[prompt - 1..]),
            answer: form.alphabet.text(answer),
            right: None,
        };
        Ok(samples.map(prediction).collect())
    }

    /// Translations by greedy decoding, which sees nothing of the truth.
    async fn translate(
        &self,
        mut batch: Batch,
        source: &TextForm,
        target: &TextForm,
    ) -> Result<Vec<Prediction>, String> {
        let Some(Input::Tokens(begun)) = batch.inputs.last_mut() else { unreachable!("text has tokens") };
        for sample in begun.chunks_exact_mut(target.tokens) {
            sample[1..].fill(Alphabet::PAD);
        }
        let answers = self.decode(&mut batch, (0, target.tokens), |_, scores| best(scores)).await?;
        let Input::Tokens(sources) = &batch.inputs[0] else { unreachable!("text has tokens") };
        let ended = |ids: &[u32]| {
            let text: Vec<u32> = ids.iter().copied().take_while(|id| ![Alphabet::END, NO_LABEL].contains(id)).collect();
            target.alphabet.text(&text)
        };
        let samples = sources.chunks_exact(source.tokens).zip(batch.labels.chunks_exact(target.tokens)).zip(&answers);
        let prediction = |((ids, labels), answer): ((&[u32], &[u32]), &Vec<u32>)| {
            let (truth, answer) = (ended(labels), ended(answer));
            let right = Some(truth == answer);
            Prediction { input: source.alphabet.text(ids), image: None, truth, answer, right }
        };
        Ok(samples.map(prediction).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_softmax_and_temperature_nought_the_best() {
        let scores = [1.0, 3.0, 3.0, f32::MIN];
        let mut stream = Stream::new(0, "test", 0);
        assert_eq!(drawn(&scores, 0.0, &mut stream), 1);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[drawn(&scores, 2.0, &mut stream) as usize] += 1;
        }
        // Weights e^-1, 1, 1, 0: shares 0.155, 0.422, 0.422, 0.
        let share = |count: i32| f64::from(count) / 10_000.0;
        assert!((share(counts[0]) - 0.155).abs() < 0.015 && (share(counts[1]) - 0.422).abs() < 0.02, "{counts:?}");
        assert_eq!(counts[3], 0);
    }
}
