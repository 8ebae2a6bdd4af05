//! The tokens of a text and their ids.

use std::collections::HashMap;

/// Different tokens, characters or words; a token's id is its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    symbols: Vec<String>,
    ids: HashMap<String, u32>,
    separator: &'static str,
}

impl Alphabet {
    /// In an alphabet of words or digits: fills a text behind its end.
    pub const PAD: u32 = 0;
    /// In an alphabet of words or digits: ends a text, and begins what a decoder reads.
    pub const END: u32 = 1;

    fn new(symbols: Vec<String>, separator: &'static str) -> Self {
        let ids = symbols.iter().cloned().zip(0..).collect();
        Self { symbols, ids, separator }
    }

    /// Characters of running text, which has no end.
    pub(super) fn of_characters(characters: impl IntoIterator<Item = char>) -> Self {
        Self::new(characters.into_iter().map(String::from).collect(), "")
    }

    /// Symbols of texts that end, with `separator` between them.
    pub(super) fn of_symbols(symbols: &[&str], separator: &'static str) -> Self {
        let ends = ["", ""].iter();
        Self::new(ends.chain(symbols).map(|symbol| (*symbol).to_owned()).collect(), separator)
    }

    /// Different tokens.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The id of a token that belongs to the alphabet.
    pub(super) fn id(&self, symbol: &str) -> Option<u32> {
        self.ids.get(symbol).copied()
    }

    /// The text that ids stand for; what only pads or ends is left out.
    ///
    /// # Panics
    /// When an id is not below [`len`](Self::len).
    pub fn text(&self, ids: &[u32]) -> String {
        let symbols = ids.iter().map(|id| self.symbols[*id as usize].as_str());
        symbols.filter(|symbol| !symbol.is_empty()).collect::<Vec<_>>().join(self.separator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_as_the_text_they_came_from() {
        let words = Alphabet::of_symbols(&["one", "two"], " ");
        let ids: Vec<u32> = ["two", "one"].iter().map(|word| words.id(word).expect("it is a word")).collect();
        assert_eq!(ids, [3, 2]);
        assert_eq!(words.text(&[Alphabet::END, 3, 2, Alphabet::END, Alphabet::PAD]), "two one");
        let characters = Alphabet::of_characters("ab ".chars());
        assert_eq!((characters.len(), characters.text(&[1, 2, 0]).as_str(), characters.id("c")), (3, "b a", None));
    }
}
