//! The generated translation: numbers from digits to English words, or back.
//!
//! Numbers have one to six digits. Held out is every number whose hundreds digit is seven more, modulo ten, than the
//! digit before it: training sees each digit in each place and every word in every context but never these
//! combinations, so that a network that puts parts together passes and one that remembers pairs does not.
//!
//! Sample `i` of seed `s` is drawn from `Stream(s, "data/numbers/train", i)`: first the number of digits, so that short
//! numbers are as frequent as long ones, then the number.

use super::{Alphabet, Batch, Input, NO_LABEL, SampleForm, Source, TextForm};
use crate::config::Direction;
use crate::random::Stream;

/// Held-out samples; there are about 90,000 held-out numbers.
const VALIDATION_LEN: usize = 65_536;
/// Most digits of a number.
const MOST_DIGITS: usize = 6;
/// Most words of a number: four for the thousands, `thousand`, four for the rest.
const MOST_WORDS: usize = 9;
/// How much more the hundreds digit of a held-out number is than the digit before, modulo ten.
const HELD_OUT_STEP: u32 = 7;

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const BELOW_TWENTY: [&str; 19] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 2] = ["hundred", "thousand"];

/// The words of a number of at most three digits.
fn words_below_thousand(number: u32) -> Vec<&'static str> {
    let (hundreds, rest) = (number / 100, number % 100);
    let mut words = Vec::new();
    if hundreds > 0 {
        words.extend([BELOW_TWENTY[hundreds as usize - 1], SCALES[0]]);
    }
    if rest >= 20 {
        words.push(TENS[rest as usize / 10 - 2]);
    }
    let last = if rest < 20 { rest } else { rest % 10 };
    words.extend(last.checked_sub(1).map(|at| BELOW_TWENTY[at as usize]));
    words
}

/// The words of a number from 1 to 999,999.
fn words(number: u32) -> Vec<&'static str> {
    let (thousands, rest) = (number / 1000, number % 1000);
    let mut words = words_below_thousand(thousands);
    if thousands > 0 {
        words.push(SCALES[1]);
    }
    words.extend(words_below_thousand(rest));
    words
}

fn is_held_out(number: u32) -> bool {
    let digit = |place: u32| number / 10u32.pow(place) % 10;
    (digit(2) + 10 - digit(3)) % 10 == HELD_OUT_STEP
}

/// The generator of numbers and their words.
#[derive(Debug)]
pub(super) struct Numbers {
    source: TextForm,
    target: TextForm,
}

impl Numbers {
    /// Translations in this direction.
    pub fn new(direction: Direction) -> Self {
        let all_words = [&BELOW_TWENTY[..], &TENS, &SCALES].concat();
        // The target has a place for the end.
        let form = |symbols: &[&str], separator, tokens| TextForm {
            alphabet: Alphabet::of_symbols(symbols, separator),
            tokens,
        };
        let digits = |more: usize| form(&DIGITS, "", MOST_DIGITS + more);
        let words = |more: usize| form(&all_words, " ", MOST_WORDS + more);
        match direction {
            Direction::ToWords => Self { source: digits(0), target: words(1) },
            Direction::ToDigits => Self { source: words(0), target: digits(1) },
        }
    }

    /// What the samples are.
    pub fn form(&self) -> SampleForm {
        SampleForm::Pairs { source: self.source.clone(), target: self.target.clone() }
    }

    fn draw(mut stream: Stream, held_out: bool) -> u32 {
        loop {
            let digits = 1 + stream.below(MOST_DIGITS as u32);
            let least = 10u32.pow(digits - 1);
            let number = least + stream.below(9 * least);
            if is_held_out(number) == held_out {
                return number;
            }
        }
    }

    /// A number in the tokens of `form`, without an end.
    fn tokens(form: &TextForm, number: u32) -> Vec<u32> {
        let id = |symbol: &str| form.alphabet.id(symbol);
        match id(DIGITS[0]) {
            Some(_) => number.to_string().bytes().filter_map(|digit| id(DIGITS[usize::from(digit - b'0')])).collect(),
            None => words(number).into_iter().filter_map(id).collect(),
        }
    }

    fn batch(&self, numbers: impl Iterator<Item = u32>) -> Batch {
        let (mut sources, mut targets, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let fill = |all: &mut Vec<u32>, mut tokens: Vec<u32>, len: usize, with: u32| {
            tokens.resize(len, with);
            all.extend(tokens);
        };
        for number in numbers {
            let target = Self::tokens(&self.target, number);
            fill(&mut sources, Self::tokens(&self.source, number), self.source.tokens, Alphabet::PAD);
            fill(&mut targets, [&[Alphabet::END], &target[..]].concat(), self.target.tokens, Alphabet::PAD);
            fill(&mut labels, [&target[..], &[Alphabet::END]].concat(), self.target.tokens, NO_LABEL);
        }
        Batch { inputs: vec![Input::Tokens(sources), Input::Tokens(targets)], labels }
    }
}

impl Source for Numbers {
    fn train_len(&self) -> Option<usize> {
        None
    }

    fn validation_len(&self) -> usize {
        VALIDATION_LEN
    }

    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        let first = u64::from(step) * batch as u64;
        let stream = |index| Stream::new(seed, "data/numbers/train", index);
        self.batch((first..first + batch as u64).map(|index| Self::draw(stream(index), false)))
    }

    fn validation(&self, first: usize, count: usize) -> Batch {
        let stream = |index: usize| Stream::new(0, "data/numbers/validation", index as u64);
        self.batch((first..first + count).map(|index| Self::draw(stream(index), true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_a_reader_would() {
        for (number, text) in [
            (7, "seven"),
            (13, "thirteen"),
            (20, "twenty"),
            (105, "one hundred five"),
            (2_000, "two thousand"),
            (90_014, "ninety thousand fourteen"),
            (342_765, "three hundred forty two thousand seven hundred sixty five"),
        ] {
            assert_eq!(words(number).join(" "), text);
        }
        assert_eq!((1..1_000_000).map(|number| words(number).len()).max(), Some(MOST_WORDS));
    }

    #[test]
    fn a_sample_is_source_decoder_input_and_labels() {
        let numbers = Numbers::new(Direction::ToWords);
        let batch = numbers.batch([120_004].into_iter());
        let [Input::Tokens(source), Input::Tokens(target)] = &batch.inputs[..] else { panic!("two texts") };
        assert_eq!(numbers.source.alphabet.text(source), "120004");
        assert_eq!(numbers.target.alphabet.text(target), "one hundred twenty thousand four");
        assert_eq!((target[0], batch.labels[5]), (Alphabet::END, Alphabet::END));
        assert_eq!(target[1..6], batch.labels[..5]);
        assert_eq!(batch.labels[6..], [NO_LABEL; 4]);
        let back = Numbers::new(Direction::ToDigits).batch([120_004].into_iter());
        let Input::Tokens(words) = &back.inputs[0] else { panic!("text has tokens") };
        assert_eq!((words.len(), back.labels.len()), (9, 7));
        assert_eq!(numbers.target.alphabet.text(words), "one hundred twenty thousand four");
    }

    /// The claim of the split: combinations are new, their parts are not.
    #[test]
    fn held_out_numbers_are_new_but_each_of_their_digits_was_seen_in_its_place() {
        let mut seen = [[false; 10]; MOST_DIGITS];
        for index in 0..5000 {
            let number = Numbers::draw(Stream::new(3, "data/numbers/train", index), false);
            assert!(!is_held_out(number));
            for (place, seen) in (0..).zip(&mut seen).take(number.to_string().len()) {
                seen[(number / 10u32.pow(place) % 10) as usize] = true;
            }
            let held_out = Numbers::draw(Stream::new(0, "data/numbers/validation", index), true);
            assert!(is_held_out(held_out) && held_out >= 700);
        }
        // The sixth digit is never 0; every other was seen everywhere.
        assert!(seen.iter().enumerate().all(|(place, seen)| seen[usize::from(place == 5)..].iter().all(|seen| *seen)));
        assert_eq!((1..1_000_000).filter(|number| is_held_out(*number)).count(), 100_000);
    }
}
