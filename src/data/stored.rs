//! Images held in memory as bytes, with their split and their normalization.

use super::sampler::Sampler;
use super::{Batch, ImageShape, LabelledImages, Source};
use crate::random::Stream;

/// Images as a file gives them.
#[derive(Debug, PartialEq)]
pub(super) struct LabelledBytes {
    /// Size of every image.
    pub shape: ImageShape,
    /// `[samples, height, width, channels]`.
    pub pixels: Vec<u8>,
    /// `[samples]`.
    pub labels: Vec<u8>,
}

impl LabelledBytes {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Which images are held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Split {
    /// This share, chosen at random but always alike.
    Share(f64),
    /// Those from this index on: the files say so.
    From(usize),
}

/// Why images cannot be used, in words for the user.
type Reason = String;

/// A finite training set and its held-out images.
#[derive(Debug)]
pub(super) struct StoredImages {
    data: LabelledBytes,
    classes: usize,
    /// Indices of the training images.
    train: Vec<u32>,
    /// Indices of the held-out images.
    validation: Vec<u32>,
    /// `[channels][256]`: the float that stands for each byte, `(x / 255 - mean) / std` of the training images.
    floats: Vec<[f32; 256]>,
    sampler: Sampler,
}

impl StoredImages {
    /// Splits `data`, whose labels must be below `classes`, and measures mean and deviation of each channel.
    ///
    /// # Errors
    /// When one part of the split would be empty or a channel has the same value everywhere.
    pub fn new(data: LabelledBytes, classes: usize, split: Split) -> Result<Self, Reason> {
        let (train, validation) = split.indices(data.len())?;
        let floats = normalization(&data, &train)?;
        let sampler = Sampler::new(train.len());
        Ok(Self { data, classes, train, validation, floats, sampler })
    }

    /// Size of every image.
    pub fn shape(&self) -> ImageShape {
        self.data.shape
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of training images.
    pub fn train_len(&self) -> usize {
        self.train.len()
    }

    /// Number of held-out images.
    pub fn validation_len(&self) -> usize {
        self.validation.len()
    }

    /// Images that a lane with this `seed` sees at `step`.
    pub fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> LabelledImages {
        let places = self.sampler.batch(seed, step, batch);
        self.gather(places.into_iter().map(|place| self.train[place as usize]))
    }

    /// Held-out images.
    pub fn validation(&self, first: usize, count: usize) -> LabelledImages {
        self.gather(self.validation[first..first + count].iter().copied())
    }

    fn gather(&self, indices: impl ExactSizeIterator<Item = u32>) -> LabelledImages {
        let LabelledBytes { shape, pixels, labels } = &self.data;
        let mut images = Vec::with_capacity(indices.len() * shape.pixels());
        let mut classes = Vec::with_capacity(indices.len());
        for index in indices.map(|index| index as usize) {
            for pixel in pixels[index * shape.pixels()..][..shape.pixels()].chunks_exact(shape.channels) {
                images.extend(pixel.iter().zip(&self.floats).map(|(&byte, floats)| floats[usize::from(byte)]));
            }
            classes.push(u32::from(labels[index]));
        }
        LabelledImages { images, labels: classes }
    }
}

impl Source for StoredImages {
    fn train_len(&self) -> Option<usize> {
        Some(Self::train_len(self))
    }

    fn validation_len(&self) -> usize {
        Self::validation_len(self)
    }

    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        Self::train_batch(self, seed, step, batch).into()
    }

    fn validation(&self, first: usize, count: usize) -> Batch {
        Self::validation(self, first, count).into()
    }
}

impl Split {
    /// Indices of training and of held-out images among `len`.
    fn indices(self, len: usize) -> Result<(Vec<u32>, Vec<u32>), Reason> {
        let mut all: Vec<u32> = (0..len as u32).collect();
        // The seed is fixed so that lanes of every seed, today's run and next year's, are judged on the same
        // images. Held-out files are shuffled too: an evaluation takes the first few, and MNIST keeps its
        // cleaner half in front.
        let mut stream = Stream::new(0, "data/split", 0);
        let (train, validation) = match self {
            Self::Share(frac) => {
                stream.shuffle(&mut all);
                let train = all.split_off((frac * len as f64).round() as usize);
                (train, all)
            }
            Self::From(first) => {
                let mut validation = all.split_off(first);
                stream.shuffle(&mut validation);
                (all, validation)
            }
        };
        if train.is_empty() || validation.is_empty() {
            return Err(format!(
                "{len} images split into {} for training and {} held out: both need at least one; give more images \
                 or another task.validation_frac",
                train.len(),
                validation.len()
            ));
        }
        Ok((train, validation))
    }
}

/// The table of [`StoredImages::floats`] from the images `train`.
fn normalization(data: &LabelledBytes, train: &[u32]) -> Result<Vec<[f32; 256]>, Reason> {
    let LabelledBytes { shape, pixels, .. } = data;
    // Counting bytes is exact, so the result does not depend on the order of summation.
    let mut counts = vec![[0_u64; 256]; shape.channels];
    for &index in train {
        for pixel in pixels[index as usize * shape.pixels()..][..shape.pixels()].chunks_exact(shape.channels) {
            for (counts, &byte) in counts.iter_mut().zip(pixel) {
                counts[usize::from(byte)] += 1;
            }
        }
    }
    let total = (train.len() * shape.height * shape.width) as f64;
    counts
        .iter()
        .enumerate()
        .map(|(channel, counts)| {
            let mean_of = |value: &dyn Fn(f64) -> f64| {
                counts.iter().enumerate().map(|(byte, &count)| count as f64 * value(byte as f64 / 255.0)).sum::<f64>()
                    / total
            };
            let mean = mean_of(&|x| x);
            let std = libm::sqrt(mean_of(&|x| (x - mean) * (x - mean)));
            if counts.iter().filter(|&&count| count > 0).count() < 2 {
                return Err(format!("every pixel has the same value in channel {channel}: there is nothing to learn"));
            }
            Ok(std::array::from_fn(|byte| ((byte as f64 / 255.0 - mean) / std) as f32))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `len` images of 1 x 2 pixels with two channels; image `i` holds `i, 2i, i + 1, 2i + 1` and has class `i % 3`.
    fn ramp(len: u8) -> LabelledBytes {
        LabelledBytes {
            shape: ImageShape { height: 1, width: 2, channels: 2 },
            pixels: (0..len).flat_map(|i| [i, 2 * i, i + 1, 2 * i + 1]).collect(),
            labels: (0..len).map(|i| i % 3).collect(),
        }
    }

    #[test]
    fn a_share_is_held_out_and_nothing_is_lost_or_seen_twice() {
        let (train, validation) = Split::Share(0.2).indices(50).expect("50 images can be split");
        assert_eq!((train.len(), validation.len()), (40, 10));
        let mut all = [train, validation].concat();
        assert!(!all.is_sorted(), "the held-out images are chosen at random");
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<u32>>());
    }

    #[test]
    fn the_split_is_always_the_same() {
        let (_, validation) = Split::Share(0.3).indices(10).expect("10 images can be split");
        assert_eq!(validation, [6, 1, 5]);
    }

    #[test]
    fn files_that_are_held_out_stay_apart() {
        let (train, mut validation) = Split::From(6).indices(9).expect("both parts have images");
        validation.sort_unstable();
        assert_eq!((train, validation), ((0..6).collect(), vec![6, 7, 8]));
    }

    #[test]
    fn an_empty_part_is_refused() {
        for (split, len) in [(Split::Share(0.2), 2), (Split::Share(0.9), 3), (Split::From(4), 4), (Split::From(0), 4)] {
            let reason = split.indices(len).expect_err("one part is empty");
            assert!(reason.contains("both need at least one"), "{reason}");
        }
    }

    #[test]
    fn training_pixels_have_zero_mean_and_unit_deviation_in_each_channel() {
        let images = StoredImages::new(ramp(60), 3, Split::Share(0.25)).expect("the data are sound");
        let batch = images.gather(images.train.iter().copied());
        for channel in 0..2 {
            let values: Vec<f64> = batch.images.iter().skip(channel).step_by(2).map(|&x| f64::from(x)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "mean {mean}, variance {variance}");
        }
    }

    #[test]
    fn images_keep_their_labels_and_pixel_order() {
        let images = StoredImages::new(ramp(30), 3, Split::From(20)).expect("the data are sound");
        let batch = images.validation(0, 10);
        for (pixels, label) in batch.images.chunks_exact(4).zip(&batch.labels) {
            let byte = |channel: usize, value: f32| images.floats[channel].iter().position(|&x| x == value);
            let first = byte(0, pixels[0]).expect("a float stands for a byte");
            let expected = [Some(first), Some(2 * first), Some(first + 1), Some(2 * first + 1)];
            assert_eq!([0, 1, 2, 3].map(|at| byte(at % 2, pixels[at])), expected);
            assert_eq!(*label, first as u32 % 3);
        }
    }

    #[test]
    fn a_blank_channel_is_refused() {
        let mut data = ramp(10);
        data.pixels.iter_mut().skip(1).step_by(2).for_each(|byte| *byte = 9);
        let reason = StoredImages::new(data, 3, Split::Share(0.5)).expect_err("channel 1 is blank");
        assert!(reason.contains("channel 1"), "{reason}");
    }
}
