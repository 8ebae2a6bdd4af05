//! Labelled images for training and validation: generated from a seed, or read from files that the user gives.
//!
//! ```text
//! TaskConfig (+ DataFile...) -> Dataset -> Batch
//! ```
//!
//! Everything a [`Dataset`] hands out is a pure function of its arguments, so a run can be replayed from any
//! step, and lanes with equal seeds see equal batches.

mod cifar10;
mod idx;
mod sampler;
mod shapes;
mod stored;
mod unpack;

use crate::config::TaskConfig;
use crate::error::LabError;
use shapes::Shapes;
use stored::StoredImages;

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

/// Some images and their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, height, width, channels]`, about zero mean and unit scale.
    pub images: Vec<f32>,
    /// `[batch]`, each below [`Dataset::classes`].
    pub labels: Vec<u32>,
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

/// Training and validation images of one task.
#[derive(Debug)]
pub struct Dataset {
    image_shape: ImageShape,
    class_names: Vec<String>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Shapes(Shapes),
    Stored(Box<StoredImages>),
}

impl Dataset {
    /// The data of a task that needs no files.
    ///
    /// # Errors
    /// [`LabError::Data`] when the task reads files; it says which.
    pub fn generated(task: &TaskConfig) -> Result<Self, LabError> {
        match task {
            TaskConfig::Shapes { noise } => Ok(Self {
                image_shape: shapes::IMAGE_SHAPE,
                class_names: shapes::CLASS_NAMES.map(String::from).to_vec(),
                source: Source::Shapes(Shapes::new(*noise as f32)),
            }),
            TaskConfig::Idx { .. } => Err(no_files(idx::NEEDED)),
            TaskConfig::Cifar10 { .. } => Err(no_files(cifar10::NEEDED)),
        }
    }

    /// The data of a task that reads files. Their order does not matter.
    ///
    /// # Errors
    /// [`LabError::Data`] names the file that is missing, damaged or of another kind, and what to do about it.
    pub fn from_files(task: &TaskConfig, files: &[DataFile]) -> Result<Self, LabError> {
        match task {
            TaskConfig::Shapes { .. } => Err(LabError::Data {
                file: files.first().map_or("no file".into(), |file| file.name.clone()),
                reason: "the shapes task is generated and reads no files: choose the task that fits the files".into(),
            }),
            TaskConfig::Idx { .. } if files.is_empty() => Err(no_files(idx::NEEDED)),
            TaskConfig::Cifar10 { .. } if files.is_empty() => Err(no_files(cifar10::NEEDED)),
            TaskConfig::Idx { validation_frac } => idx::load(files, *validation_frac).map(|images| {
                let class_names = (0..images.classes()).map(|class| class.to_string()).collect();
                Self::stored(images, class_names)
            }),
            TaskConfig::Cifar10 { validation_frac } => cifar10::load(files, *validation_frac)
                .map(|images| Self::stored(images, cifar10::CLASS_NAMES.map(String::from).to_vec())),
        }
    }

    fn stored(images: StoredImages, class_names: Vec<String>) -> Self {
        Self { image_shape: images.shape(), class_names, source: Source::Stored(Box::new(images)) }
    }

    /// Size of every image.
    pub fn image_shape(&self) -> ImageShape {
        self.image_shape
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// What the classes show, `[classes]`; the number itself where the files do not say.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Number of training images; `None` when they never repeat.
    pub fn train_len(&self) -> Option<usize> {
        match &self.source {
            Source::Shapes(_) => None,
            Source::Stored(images) => Some(images.train_len()),
        }
    }

    /// Number of held-out images.
    pub fn validation_len(&self) -> usize {
        match &self.source {
            Source::Shapes(_) => shapes::VALIDATION_LEN,
            Source::Stored(images) => images.validation_len(),
        }
    }

    /// The batch of `batch` training images that a lane with this `seed` sees at `step`, counted from 0.
    ///
    /// A pure function of its arguments: `self` changes only in what it remembers to answer the next step faster.
    pub fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        match &mut self.source {
            Source::Shapes(shapes) => shapes.train_batch(seed, step, batch),
            Source::Stored(images) => images.train_batch(seed, step, batch),
        }
    }

    /// `count` held-out images from number `first` on: the same for every lane, never seen in training.
    ///
    /// # Panics
    /// If they reach beyond [`Self::validation_len`].
    pub fn validation(&self, first: usize, count: usize) -> Batch {
        let len = self.validation_len();
        assert!(first + count <= len, "validation images {first}..{} of {len} were asked for", first + count);
        match &self.source {
            Source::Shapes(shapes) => shapes.validation(first, count),
            Source::Stored(images) => images.validation(first, count),
        }
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
