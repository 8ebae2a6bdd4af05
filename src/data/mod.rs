//! Samples for training and validation: generated from a seed, or read from files that the user gives.
//!
//! ```text
//! TaskConfig (+ DataFile...) -> Dataset -> Batch
//! ```
//!
//! Everything a [`Dataset`] hands out is a pure function of its arguments, so a run can be replayed from any
//! step, and lanes with equal seeds see equal batches.

mod alphabet;
mod cifar10;
mod grammar;
mod idx;
mod numbers;
mod sampler;
mod shapes;
mod stored;
mod text;
mod unpack;

pub use alphabet::Alphabet;

use crate::config::TaskConfig;
use crate::error::LabError;
use grammar::Grammar;
use numbers::Numbers;
use shapes::Shapes;
use stored::StoredImages;
use text::StoredText;

/// Size of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Numbers per pixel.
    pub channels: usize,
}

impl ImageShape {
    /// Numbers per image.
    pub fn pixels(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// A text of fixed length, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextForm {
    /// What its token ids mean.
    pub alphabet: Alphabet,
    /// Tokens per sample.
    pub tokens: usize,
}

/// What the samples of a task are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleForm {
    /// Images, each of one class.
    Images {
        /// Size of every image.
        shape: ImageShape,
        /// What the classes show, `[classes]`; the number itself where the files do not say.
        class_names: Vec<String>,
    },
    /// Text whose next token is asked for after every token.
    Text(TextForm),
    /// Texts and their translations.
    Pairs {
        /// What is translated.
        source: TextForm,
        /// Its translation, as the decoder reads it: begun by [`Alphabet::END`].
        target: TextForm,
    },
}

/// One of the inputs of some samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// `[batch, height, width, channels]`, about zero mean and unit scale.
    Pixels(Vec<f32>),
    /// `[batch, tokens]`, each below the size of its alphabet.
    Tokens(Vec<u32>),
}

/// Stands in a [`Batch`]'s labels where nothing is asked.
pub const NO_LABEL: u32 = u32::MAX;

/// Some samples and what is asked about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Images or text; of a translation the source, then the target.
    pub inputs: Vec<Input>,
    /// Class of every image, `[batch]`, or the token that follows every token, `[batch, tokens]`; or [`NO_LABEL`].
    pub labels: Vec<u32>,
}

/// Some images and their classes.
#[derive(Clone, Debug, PartialEq)]
struct LabelledImages {
    /// `[batch, height, width, channels]`.
    images: Vec<f32>,
    /// `[batch]`.
    labels: Vec<u32>,
}

impl From<LabelledImages> for Batch {
    fn from(LabelledImages { images, labels }: LabelledImages) -> Self {
        Self { inputs: vec![Input::Pixels(images)], labels }
    }
}

/// A file as the user dropped or named it.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Its name, for messages.
    pub name: String,
    /// Its contents, plain or gzip.
    pub bytes: Vec<u8>,
}

impl DataFile {
    /// The error that this file is not what the task needs.
    fn error(&self, reason: impl Into<String>) -> LabError {
        LabError::Data { file: self.name.clone(), reason: reason.into() }
    }
}

/// Where samples come from.
trait Source: std::fmt::Debug {
    /// See [`Dataset::train_len`].
    fn train_len(&self) -> Option<usize>;
    /// See [`Dataset::validation_len`].
    fn validation_len(&self) -> usize;
    /// See [`Dataset::train_batch`].
    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch;
    /// See [`Dataset::validation`].
    fn validation(&self, first: usize, count: usize) -> Batch;
}

/// Training and validation samples of one task.
#[derive(Debug)]
pub struct Dataset {
    form: SampleForm,
    note: Option<String>,
    source: Box<dyn Source>,
}

impl Dataset {
    /// The data of a task that needs no files.
    ///
    /// # Errors
    /// [`LabError::Data`] when the task reads files; it says which.
    pub fn generated(task: &TaskConfig) -> Result<Self, LabError> {
        let (form, source): (_, Box<dyn Source>) = match task {
            TaskConfig::Shapes { noise } => {
                let class_names = shapes::CLASS_NAMES.map(String::from).to_vec();
                let form = SampleForm::Images { shape: shapes::IMAGE_SHAPE, class_names };
                (form, Box::new(Shapes::new(*noise as f32)))
            }
            TaskConfig::Grammar { context } => {
                let tokens = *context as usize;
                let form = TextForm { alphabet: grammar::alphabet(), tokens };
                (SampleForm::Text(form), Box::new(Grammar::new(tokens)))
            }
            TaskConfig::Numbers { direction } => {
                let numbers = Numbers::new(*direction);
                (numbers.form(), Box::new(numbers))
            }
            TaskConfig::Idx { .. } | TaskConfig::Cifar10 { .. } | TaskConfig::Text { .. } => {
                return Err(no_files(needed(task)));
            }
        };
        Ok(Self { form, note: None, source })
    }

    /// The data of a task that reads files. Their order does not matter.
    ///
    /// # Errors
    /// [`LabError::Data`] names the file that is missing, damaged or of another kind, and what to do about it.
    pub fn from_files(task: &TaskConfig, files: &[DataFile]) -> Result<Self, LabError> {
        if task.reads_files() && files.is_empty() {
            return Err(no_files(needed(task)));
        }
        match task {
            TaskConfig::Shapes { .. } | TaskConfig::Grammar { .. } | TaskConfig::Numbers { .. } => {
                Err(LabError::Data {
                    file: files.first().map_or("no file".into(), |file| file.name.clone()),
                    reason: format!(
                        "the {} task is generated and reads no files: choose the task that fits the files",
                        task.kind()
                    ),
                })
            }
            TaskConfig::Idx { validation_frac } => idx::load(files, *validation_frac).map(|images| {
                let class_names = (0..images.classes()).map(|class| class.to_string()).collect();
                Self::stored(images, class_names)
            }),
            TaskConfig::Cifar10 { validation_frac } => cifar10::load(files, *validation_frac)
                .map(|images| Self::stored(images, cifar10::CLASS_NAMES.map(String::from).to_vec())),
            TaskConfig::Text { context, validation_frac } => {
                let text = StoredText::load(files, *context as usize, *validation_frac)?;
                Ok(Self { form: SampleForm::Text(text.form()), note: text.note(), source: Box::new(text) })
            }
        }
    }

    fn stored(images: StoredImages, class_names: Vec<String>) -> Self {
        let form = SampleForm::Images { shape: images.shape(), class_names };
        Self { form, note: None, source: Box::new(images) }
    }

    /// What the samples are.
    pub fn form(&self) -> &SampleForm {
        &self.form
    }

    /// What reading the files had to change, in words for the user.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Number of training samples; `None` when they never repeat.
    pub fn train_len(&self) -> Option<usize> {
        self.source.train_len()
    }

    /// Number of held-out samples.
    pub fn validation_len(&self) -> usize {
        self.source.validation_len()
    }

    /// The batch of `batch` training samples that a lane with this `seed` sees at `step`, counted from 0.
    ///
    /// A pure function of its arguments: `self` changes only in what it remembers to answer the next step faster.
    pub fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        self.source.train_batch(seed, step, batch)
    }

    /// `count` held-out samples from number `first` on: the same for every lane, never seen in training.
    ///
    /// # Panics
    /// If they reach beyond [`Self::validation_len`].
    pub fn validation(&self, first: usize, count: usize) -> Batch {
        let len = self.validation_len();
        assert!(first + count <= len, "validation samples {first}..{} of {len} were asked for", first + count);
        self.source.validation(first, count)
    }
}

/// The files that a task reads, in words.
fn needed(task: &TaskConfig) -> &'static str {
    match task {
        TaskConfig::Cifar10 { .. } => cifar10::NEEDED,
        TaskConfig::Text { .. } => text::NEEDED,
        _ => idx::NEEDED,
    }
}

fn no_files(needed: &str) -> LabError {
    LabError::Data { file: "no file".into(), reason: format!("this task reads {needed}") }
}

/// `1234567` as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
