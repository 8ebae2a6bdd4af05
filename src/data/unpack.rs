//! Contents of dropped files: plain or gzip, told apart by their first bytes, never larger than allowed.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::{DataFile, grouped};
use crate::error::LabError;

/// Most bytes that the files of a task may unpack to: three times CIFAR-10, ten times MNIST, and what a browser
/// tab can spare. It also stops decompression bombs.
pub(super) const MAX_BYTES: usize = 512 << 20;

/// Bytes that [`head`] returns of a file that has as many: enough for any header looked at here.
const HEAD_LEN: usize = 512;
/// Where a tar archive says what it is.
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");

/// How reading ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// All was read.
    Complete,
    /// The gzip stream breaks off.
    Truncated,
    /// There is more than the limit; one byte more than that was read.
    OverLimit,
}

/// The first bytes of the contents, at most [`HEAD_LEN`].
///
/// # Errors
/// When the file is empty, damaged, broken off before that, or an archive that has to be unpacked first.
pub(super) fn head(file: &DataFile) -> Result<Vec<u8>, LabError> {
    if file.bytes.is_empty() {
        return Err(file.error("is empty: download it again"));
    }
    let (head, end) = contents(file, HEAD_LEN)?;
    if end == End::Truncated {
        return Err(file.error(format!("ends after {} bytes of its contents: download it again", head.len())));
    }
    let mut head = head.into_owned();
    head.truncate(HEAD_LEN);
    let tar = head.get(TAR_MARK.0..).is_some_and(|rest| rest.starts_with(TAR_MARK.1));
    if tar || head.starts_with(b"PK\x03\x04") {
        return Err(file.error("is an archive: unpack it and drop the files inside"));
    }
    Ok(head)
}

/// The contents up to `limit` bytes, borrowed from a plain file, inflated from a gzip one.
///
/// # Errors
/// When the gzip data are damaged.
pub(super) fn contents(file: &DataFile, limit: usize) -> Result<(Cow<'_, [u8]>, End), LabError> {
    /// MNIST packs 5:1; beyond this guess the buffer grows by itself, so a lying header reserves little.
    const LIKELY_RATIO: usize = 16;
    let most = limit + 1;
    if !file.bytes.starts_with(&[0x1f, 0x8b]) {
        let bytes = &file.bytes[..file.bytes.len().min(most)];
        return Ok((Cow::Borrowed(bytes), if bytes.len() > limit { End::OverLimit } else { End::Complete }));
    }
    let mut bytes = Vec::with_capacity(most.min(file.bytes.len().saturating_mul(LIKELY_RATIO)));
    let end = match MultiGzDecoder::new(&file.bytes[..]).take(most as u64).read_to_end(&mut bytes) {
        Ok(read) if read > limit => End::OverLimit,
        Ok(_) => End::Complete,
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => End::Truncated,
        Err(error) => {
            let reason = format!("is a damaged gzip file ({error}): download it again");
            return Err(file.error(reason));
        }
    };
    Ok((Cow::Owned(bytes), end))
}

/// The contents of a file that must be exactly `expected` bytes long.
///
/// # Errors
/// When it is shorter, longer or damaged.
pub(super) fn exactly(file: &DataFile, expected: usize) -> Result<Cow<'_, [u8]>, LabError> {
    let (bytes, end) = contents(file, expected)?;
    let of = format!("{} of {} bytes", grouped(bytes.len()), grouped(expected));
    if end == End::OverLimit {
        let announced = grouped(expected);
        return Err(
            file.error(format!("goes on after the {announced} bytes that its header announces: download it again"))
        );
    }
    if end == End::Truncated || bytes.len() < expected {
        return Err(file.error(format!("ends after {of}: download it again")));
    }
    Ok(bytes)
}
