//! IDX files (LeCun, Cortes and Burges, "The MNIST database"): MNIST, Fashion-MNIST, EMNIST, KMNIST and relatives.
//!
//! A file starts with `00 00 type dimensions`, then one big-endian `u32` per dimension, then the numbers. Images
//! are `00 00 08 03` (unsigned bytes, `[samples, rows, columns]`), labels `00 00 08 01` (`[samples]`). The magic
//! number decides what a file is, never its name, and an image file belongs to the label file of equal length.

use super::stored::{LabelledBytes, Split, StoredImages};
use super::unpack::{self, MAX_BYTES};
use super::{DataFile, ImageShape, grouped};
use crate::error::LabError;

/// What the task reads, for messages.
pub(super) const NEEDED: &str = "an IDX pair, images and labels of MNIST or a relative, gzip or plain: drop both files";

/// Most classes of a data set; the largest of the family, EMNIST ByClass, has 62. A larger label means damage.
const MAX_CLASSES: usize = 128;
/// Longest side of an image in pixels.
const MAX_SIDE: usize = 512;
/// The type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 8;

/// What a file says it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Images { rows: usize, columns: usize },
    Labels,
}

/// A file whose header has been read and found sound.
#[derive(Clone, Copy)]
struct IdxFile<'a> {
    file: &'a DataFile,
    content: Content,
    count: usize,
}

/// Images and their labels in two files of equal length.
struct Pair<'a> {
    images: IdxFile<'a>,
    labels: IdxFile<'a>,
}

/// Loads one pair, of which `validation_frac` is held out, or two, of which the smaller is held out.
///
/// # Errors
/// [`LabError::Data`] naming the file at fault.
pub(super) fn load(files: &[DataFile], validation_frac: f64) -> Result<StoredImages, LabError> {
    let files = files.iter().map(IdxFile::open).collect::<Result<Vec<_>, _>>()?;
    let pairs = pair_up(&files)?;
    let mut data = pairs[0].load()?;
    let mut split = Split::Share(validation_frac);
    if let Some(held_out) = pairs.get(1) {
        let more = held_out.load()?;
        if more.shape != data.shape {
            let (here, there) = (more.shape, data.shape);
            return Err(held_out.images.file.error(format!(
                "holds images of {} x {} pixels, {} of {} x {}: drop files of one data set",
                here.height, here.width, pairs[0].images.file.name, there.height, there.width
            )));
        }
        split = Split::From(data.len());
        data.pixels.extend(more.pixels);
        data.labels.extend(more.labels);
    }
    let classes = 1 + data.labels.iter().copied().max().map_or(0, usize::from);
    if classes < 2 {
        return Err(pairs[0].labels.file.error("gives every image the label 0: two classes are needed to learn"));
    }
    StoredImages::new(data, classes, split).map_err(|reason| pairs[0].images.file.error(reason))
}

impl<'a> IdxFile<'a> {
    /// Reads the header.
    fn open(file: &'a DataFile) -> Result<Self, LabError> {
        let head = unpack::head(file)?;
        let dimensions = match head[..] {
            [0, 0, UNSIGNED_BYTE, dimensions @ (1 | 3), ..] => usize::from(dimensions),
            [0, 0, 8..=14, 1..=4, ..] => {
                return Err(file.error(format!(
                    "is an IDX file of another kind (type {:#04x}, {} dimensions): images must be unsigned bytes in 3 \
                     dimensions and labels unsigned bytes in 1",
                    head[2], head[3]
                )));
            }
            _ => {
                let start: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                return Err(file.error(format!(
                    "starts with {}, but IDX images start with 00 00 08 03 and labels with 00 00 08 01: drop the files \
                     of MNIST or a relative, gzip or plain",
                    start.join(" ")
                )));
            }
        };
        let len = 4 + 4 * dimensions;
        if head.len() < len {
            return Err(file.error(format!("ends inside its header of {len} bytes: download it again")));
        }
        let sizes: Vec<usize> = head[4..len]
            .chunks_exact(4)
            .map(|size| u32::from_be_bytes(size.try_into().expect("chunks of 4 bytes")) as usize)
            .collect();
        let content = match sizes[..] {
            [_, rows, columns] => Content::Images { rows, columns },
            _ => Content::Labels,
        };
        let opened = Self { file, content, count: sizes[0] };
        opened.check_sizes()?;
        Ok(opened)
    }

    /// Refuses sizes that no data set has before anything is unpacked.
    fn check_sizes(&self) -> Result<(), LabError> {
        if self.count == 0 {
            return Err(self.file.error(format!("holds no {}: give a file with some", self.noun())));
        }
        if let Content::Images { rows, columns } = self.content
            && [rows, columns].iter().any(|side| !(1..=MAX_SIDE).contains(side))
        {
            return Err(self.file.error(format!(
                "announces images of {} x {} pixels; sides are 1 to {MAX_SIDE}: it may be damaged, download it again",
                grouped(rows),
                grouped(columns)
            )));
        }
        // The counts are 32 bits and the sides at most 512, so the product fits 64 bits but not always a usize.
        let body = self.count as u64 * self.sample_len() as u64;
        if body > MAX_BYTES as u64 {
            return Err(self.file.error(format!(
                "announces {} {}, more than the {} MiB read at most: it may be damaged, or give a smaller part",
                grouped(self.count),
                self.noun(),
                MAX_BYTES >> 20
            )));
        }
        Ok(())
    }

    fn noun(&self) -> &'static str {
        match self.content {
            Content::Images { .. } => "images",
            Content::Labels => "labels",
        }
    }

    fn holds_images(&self) -> bool {
        self.content != Content::Labels
    }

    /// Bytes per image or label.
    fn sample_len(&self) -> usize {
        match self.content {
            Content::Images { rows, columns } => rows * columns,
            Content::Labels => 1,
        }
    }

    /// Everything after the header, `count * sample_len` bytes.
    fn body(&self) -> Result<Vec<u8>, LabError> {
        let header = if self.holds_images() { 16 } else { 8 };
        let mut bytes = unpack::exactly(self.file, header + self.count * self.sample_len())?.into_owned();
        bytes.drain(..header);
        Ok(bytes)
    }
}

impl Pair<'_> {
    fn load(&self) -> Result<LabelledBytes, LabError> {
        let labels = self.labels.body()?;
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= MAX_CLASSES) {
            return Err(self.labels.file.error(format!(
                "gives image {} the label {}, but labels are 0 to {}: it may be damaged, download it again",
                grouped(index),
                labels[index],
                MAX_CLASSES - 1
            )));
        }
        let Content::Images { rows, columns } = self.images.content else {
            unreachable!("a pair is made of an image file and a label file")
        };
        let shape = ImageShape { height: rows, width: columns, channels: 1 };
        Ok(LabelledBytes { shape, pixels: self.images.body()?, labels })
    }
}

/// Finds the label file of every image file; the longest pair comes first.
fn pair_up<'a>(files: &[IdxFile<'a>]) -> Result<Vec<Pair<'a>>, LabError> {
    for (index, file) in files.iter().enumerate() {
        let alike = |other: &&IdxFile| other.count == file.count && other.holds_images() == file.holds_images();
        if let Some(twin) = files[..index].iter().find(alike) {
            return Err(file.file.error(format!(
                "holds {} {} and so does {}: which belong together cannot be told, drop one of them",
                grouped(file.count),
                file.noun(),
                twin.file.name
            )));
        }
    }
    let mut pairs = Vec::new();
    for file in files {
        let belongs = |other: &&IdxFile| other.count == file.count && other.holds_images() != file.holds_images();
        let partner = files.iter().find(belongs);
        let Some(partner) = partner else { return Err(missing_partner(file, files)) };
        if file.holds_images() {
            pairs.push(Pair { images: *file, labels: *partner });
        }
    }
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.images.count));
    match pairs.get(2) {
        Some(third) => Err(third.images.file.error(
            "is the smallest of three pairs: drop one pair, or two of which the smaller is held out for validation",
        )),
        None => Ok(pairs),
    }
}

/// The error that the other half of `file` is not there.
fn missing_partner(file: &IdxFile, files: &[IdxFile]) -> LabError {
    let wanted = if file.holds_images() { "labels" } else { "images" };
    let others: Vec<String> = files
        .iter()
        .filter(|other| other.holds_images() != file.holds_images())
        .map(|other| format!("{} has {}", other.file.name, grouped(other.count)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    file.file.error(format!(
        "holds {} {}, but the file with their {wanted} is missing{others}: drop both files together",
        grouped(file.count),
        file.noun()
    ))
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
