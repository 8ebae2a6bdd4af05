//! A text that the user gives: windows of characters, split by position.

use std::collections::{HashMap, HashSet};

use super::unpack::{self, End};
use super::{Alphabet, Batch, DataFile, Input, Source, TextForm, grouped};
use crate::error::LabError;
use crate::random::Stream;

/// What the task reads, for messages.
pub(super) const NEEDED: &str = "a text in UTF-8: drop one .txt file, plain or gzip";

/// Most characters told apart; a larger alphabet makes embedding and head dominate the small network between them.
const MOST_CHARACTERS: usize = 128;
/// Stands for the rarest characters where there are more.
const OTHER: char = '\u{25a1}';
/// Most bytes of a text.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Samples as windows of `tokens + 1` ids: all but the last are read, all but the first are asked for.
pub(super) fn windows(windows: impl Iterator<Item = Vec<u32>>) -> Batch {
    let (mut ids, mut labels) = (Vec::new(), Vec::new());
    for window in windows {
        ids.extend(&window[..window.len() - 1]);
        labels.extend(&window[1..]);
    }
    Batch { inputs: vec![Input::Tokens(ids)], labels }
}

/// A text in memory with its split.
#[derive(Debug)]
pub(super) struct StoredText {
    alphabet: Alphabet,
    /// Ids of all characters.
    ids: Vec<u8>,
    /// Characters for training; those behind are held out.
    train: usize,
    tokens: usize,
    /// First characters of the held-out windows, which do not overlap.
    validation: Vec<u32>,
    note: Option<String>,
}

impl StoredText {
    /// Reads the one file, whose last `validation_frac` is held out, for samples of `tokens` characters.
    ///
    /// # Errors
    /// [`LabError::Data`] naming the file and what is wrong with it.
    pub fn load(files: &[DataFile], tokens: usize, validation_frac: f64) -> Result<Self, LabError> {
        let [file] = files else {
            return Err(files[1].error("is one file too many: put the texts into one file and drop that"));
        };
        let text = read(file)?;
        let (alphabet, note) = alphabet_of(&text);
        let other = alphabet.id(OTHER.encode_utf8(&mut [0; 4])).unwrap_or_default();
        let id = |character: char| alphabet.id(character.encode_utf8(&mut [0; 4])).unwrap_or(other) as u8;
        let ids: Vec<u8> = text.chars().map(id).collect();
        let held_out = (validation_frac * ids.len() as f64).round() as usize;
        let train = ids.len() - held_out;
        if train.min(held_out) <= tokens {
            return Err(file.error(format!(
                "has {} characters, of which {} are held out; both parts need more than task.context = {tokens}: give a \
                 longer text, or change task.context or task.validation_frac",
                grouped(ids.len()),
                grouped(held_out)
            )));
        }
        if alphabet.len() < 2 {
            return Err(file.error("repeats one character: there is nothing to learn"));
        }
        let mut validation: Vec<u32> =
            (0..(held_out - 1) / tokens).map(|window| (train + window * tokens) as u32).collect();
        // An evaluation takes the first few: they should come from everywhere.
        Stream::new(0, "data/text/validation", 0).shuffle(&mut validation);
        Ok(Self { alphabet, ids, train, tokens, validation, note })
    }

    /// What the samples are.
    pub fn form(&self) -> TextForm {
        TextForm { alphabet: self.alphabet.clone(), tokens: self.tokens }
    }

    /// Which characters were not told apart.
    pub fn note(&self) -> Option<String> {
        self.note.clone()
    }

    /// The characters from `first` on.
    fn window(&self, first: usize) -> Vec<u32> {
        self.ids[first..=first + self.tokens].iter().map(|id| u32::from(*id)).collect()
    }
}

/// The text with one kind of line end and without a byte-order mark.
fn read(file: &DataFile) -> Result<String, LabError> {
    unpack::head(file)?;
    let (bytes, end) = unpack::contents(file, MAX_TEXT_BYTES)?;
    match end {
        End::OverLimit => {
            return Err(file.error(format!("is longer than {} MiB: give a part of it", MAX_TEXT_BYTES >> 20)));
        }
        End::Truncated => return Err(file.error("breaks off inside its gzip data: download it again")),
        End::Complete => {}
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let at = grouped(error.valid_up_to());
        file.error(format!("is not UTF-8 at byte {at}: save it as UTF-8 text and drop it again"))
    })?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// The characters of `text` in their own order, the rarest as one if there are too many; and a word about those.
fn alphabet_of(text: &str) -> (Alphabet, Option<String>) {
    let mut counts: HashMap<char, usize> = HashMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let mut characters: Vec<(char, usize)> = counts.into_iter().collect();
    if characters.len() <= MOST_CHARACTERS {
        characters.sort_unstable();
        return (Alphabet::of_characters(characters.into_iter().map(|(character, _)| character)), None);
    }
    characters.sort_unstable_by_key(|(character, count)| (std::cmp::Reverse(*count), *character));
    let rare: Vec<_> = characters.split_off(MOST_CHARACTERS - 1);
    let (kinds, times) = (rare.len(), rare.iter().map(|(_, count)| count).sum());
    let note = format!(
        "The text has more than {MOST_CHARACTERS} different characters: its {} rarest, {} characters in all, are read as \
         {OTHER}.",
        grouped(kinds),
        grouped(times)
    );
    let kept: HashSet<char> = characters.into_iter().map(|(character, _)| character).chain([OTHER]).collect();
    let mut kept: Vec<char> = kept.into_iter().collect();
    kept.sort_unstable();
    (Alphabet::of_characters(kept), Some(note))
}

impl Source for StoredText {
    fn train_len(&self) -> Option<usize> {
        Some(self.train - self.tokens)
    }

    fn validation_len(&self) -> usize {
        self.validation.len()
    }

    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        let places = (self.train - self.tokens) as u32;
        let first = u64::from(step) * batch as u64;
        let place = |index| Stream::new(seed, "data/text/train", index).below(places) as usize;
        windows((first..first + batch as u64).map(|index| self.window(place(index))))
    }

    fn validation(&self, first: usize, count: usize) -> Batch {
        windows(self.validation[first..first + count].iter().map(|place| self.window(*place as usize)))
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
