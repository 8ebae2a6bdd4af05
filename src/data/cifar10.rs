//! The binary version of CIFAR-10 (Krizhevsky 2009): records of one label byte and 32 x 32 pixels in three planes,
//! red, green, blue.

use super::stored::{LabelledBytes, Split, StoredImages};
use super::unpack::{self, End, MAX_BYTES};
use super::{DataFile, ImageShape, grouped};
use crate::error::LabError;

/// What the task reads, for messages.
pub(super) const NEEDED: &str = "the binary version of CIFAR-10: drop one or more of data_batch_1.bin to \
     data_batch_5.bin, and test_batch.bin if it is to be the held-out part";

/// What the classes show.
pub(super) const CLASS_NAMES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const SHAPE: ImageShape = ImageShape { height: 32, width: 32, channels: 3 };
/// Pixels of one colour plane.
const PLANE: usize = 32 * 32;
/// Bytes of one image with its label.
const RECORD_LEN: usize = 1 + 3 * PLANE;

/// Loads the batches; `test_batch.bin` is held out when other batches come with it, otherwise `validation_frac`.
///
/// # Errors
/// [`LabError::Data`] naming the file at fault.
pub(super) fn load(files: &[DataFile], validation_frac: f64) -> Result<StoredImages, LabError> {
    // Sorted, so that the split does not depend on the order in which a browser lists dropped files.
    let mut files: Vec<&DataFile> = files.iter().collect();
    files.sort_by_key(|file| (is_test(file), &file.name));
    if let Some(twice) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(twice[0].error("was given twice: its images would be both learned and held out, drop it once"));
    }
    let mut data = LabelledBytes { shape: SHAPE, pixels: Vec::new(), labels: Vec::new() };
    let mut trained = 0;
    for file in &files {
        append(file, &mut data)?;
        if !is_test(file) {
            trained = data.len();
        }
    }
    let split = if (1..data.len()).contains(&trained) { Split::From(trained) } else { Split::Share(validation_frac) };
    StoredImages::new(data, CLASS_NAMES.len(), split).map_err(|reason| files[0].error(reason))
}

fn is_test(file: &DataFile) -> bool {
    file.name.to_ascii_lowercase().contains("test_batch")
}

/// Adds the records of `file`.
fn append(file: &DataFile, data: &mut LabelledBytes) -> Result<(), LabError> {
    unpack::head(file)?;
    let (bytes, end) = unpack::contents(file, MAX_BYTES.saturating_sub(data.pixels.len()))?;
    if end == End::OverLimit {
        return Err(file.error(format!("brings the data above {} MiB: drop fewer files", MAX_BYTES >> 20)));
    }
    if end == End::Truncated || !bytes.len().is_multiple_of(RECORD_LEN) {
        return Err(file.error(format!(
            "ends after {} bytes inside a record; CIFAR-10 has records of {} bytes: download its binary version again",
            grouped(bytes.len()),
            grouped(RECORD_LEN)
        )));
    }
    for (index, record) in bytes.chunks_exact(RECORD_LEN).enumerate() {
        let (label, planes) = (record[0], &record[1..]);
        if usize::from(label) >= CLASS_NAMES.len() {
            return Err(file.error(format!(
                "gives image {} the label {label}, but labels are 0 to 9: this is not a batch of the binary version of \
                 CIFAR-10",
                grouped(index)
            )));
        }
        data.labels.push(label);
        data.pixels.extend((0..PLANE).flat_map(|at| [planes[at], planes[PLANE + at], planes[2 * PLANE + at]]));
    }
    Ok(())
}

#[cfg(test)]
#[path = "cifar10_tests.rs"]
mod tests;
