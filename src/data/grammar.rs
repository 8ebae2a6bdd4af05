//! The generated language: endless English-like sentences, character by character.
//!
//! Verbs agree with their subject over the relative clause in between, `a` and `an` with the word that follows,
//! plurals can be irregular: what comes next depends on near and on distant characters.
//!
//! A sample is as many sentences as fill it, cut off at its end. Sample `i` of seed `s` is drawn from
//! `Stream(s, "data/grammar/train", i)`. One sentence in eight, by its hash, is held out: held-out samples are
//! made of these alone, and training never sees one.

use super::{Alphabet, Batch, Source, text::windows};
use crate::hash::Hash;
use crate::random::Stream;

/// Held-out samples.
const VALIDATION_LEN: usize = 65_536;
/// One in so many sentences is held out.
const HELD_OUT: u64 = 8;

/// Singular and plural.
type Forms = [&'static str; 2];

const NOUNS: [Forms; 12] = [
    ["dog", "dogs"],
    ["cat", "cats"],
    ["bird", "birds"],
    ["child", "children"],
    ["woman", "women"],
    ["wolf", "wolves"],
    ["fox", "foxes"],
    ["owl", "owls"],
    ["king", "kings"],
    ["artist", "artists"],
    ["mouse", "mice"],
    ["elephant", "elephants"],
];
const ADJECTIVES: [&str; 8] = ["old", "small", "red", "quiet", "angry", "young", "odd", "brave"];
const INTRANSITIVE: [Forms; 6] = [
    ["sleeps", "sleep"],
    ["runs", "run"],
    ["sings", "sing"],
    ["waits", "wait"],
    ["is late", "are late"],
    ["hides", "hide"],
];
const TRANSITIVE: [Forms; 8] = [
    ["sees", "see"],
    ["likes", "like"],
    ["follows", "follow"],
    ["finds", "find"],
    ["has met", "have met"],
    ["chases", "chase"],
    ["knows", "know"],
    ["fears", "fear"],
];

/// The characters that sentences are made of.
pub(super) fn alphabet() -> Alphabet {
    Alphabet::of_characters(('a'..='z').chain([' ', '.']))
}

/// The generator of text.
#[derive(Debug)]
pub(super) struct Grammar {
    tokens: usize,
    alphabet: Alphabet,
}

/// A noun phrase and whether it is plural.
struct NounPhrase {
    text: String,
    plural: usize,
}

fn choose<T: Copy>(options: &[T], stream: &mut Stream) -> T {
    options[stream.below(options.len() as u32) as usize]
}

/// `true` once in `n` times.
fn once_in(n: u32, stream: &mut Stream) -> bool {
    stream.below(n) == 0
}

/// A determiner, perhaps an adjective, a noun.
fn short_phrase(stream: &mut Stream) -> NounPhrase {
    let plural = stream.below(2) as usize;
    let mut words = choose(&NOUNS, stream)[plural].to_owned();
    if once_in(3, stream) {
        words = format!("{} {words}", choose(&ADJECTIVES, stream));
    }
    let indefinite = match plural {
        1 => "two",
        _ if words.starts_with(['a', 'e', 'i', 'o', 'u']) => "an",
        _ => "a",
    };
    let determiner = if once_in(2, stream) { indefinite } else { "the" };
    NounPhrase { text: format!("{determiner} {words}"), plural }
}

/// A noun phrase, half of the time with a relative clause of either kind.
fn subject(stream: &mut Stream) -> NounPhrase {
    let NounPhrase { text, plural } = short_phrase(stream);
    let text = match stream.below(4) {
        0 => format!("{text} that {} {}", choose(&TRANSITIVE, stream)[plural], short_phrase(stream).text),
        1 => {
            let other = short_phrase(stream);
            format!("{text} that {} {}", other.text, choose(&TRANSITIVE, stream)[other.plural])
        }
        _ => text,
    };
    NounPhrase { text, plural }
}

/// A sentence with the space that parts it from the next.
fn sentence(stream: &mut Stream) -> String {
    let NounPhrase { text, plural } = subject(stream);
    if once_in(3, stream) {
        return format!("{text} {}. ", choose(&INTRANSITIVE, stream)[plural]);
    }
    format!("{text} {} {}. ", choose(&TRANSITIVE, stream)[plural], short_phrase(stream).text)
}

fn is_held_out(sentence: &str) -> bool {
    Hash::of(sentence.as_bytes()).is_multiple_of(HELD_OUT)
}

impl Grammar {
    /// Samples of `tokens` characters.
    pub fn new(tokens: usize) -> Self {
        Self { tokens, alphabet: alphabet() }
    }

    /// `tokens + 1` characters of held-out sentences, or of the others.
    fn sample(&self, mut stream: Stream, held_out: bool) -> Vec<u32> {
        let mut text = String::new();
        while text.len() <= self.tokens {
            let sentence = sentence(&mut stream);
            if is_held_out(&sentence) == held_out {
                text.push_str(&sentence);
            }
        }
        let id = |at: usize| self.alphabet.id(&text[at..=at]).expect("sentences are made of the alphabet");
        (0..=self.tokens).map(id).collect()
    }
}

impl Source for Grammar {
    fn train_len(&self) -> Option<usize> {
        None
    }

    fn validation_len(&self) -> usize {
        VALIDATION_LEN
    }

    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        let first = u64::from(step) * batch as u64;
        let stream = |index| Stream::new(seed, "data/grammar/train", index);
        windows((first..first + batch as u64).map(|index| self.sample(stream(index), false)))
    }

    fn validation(&self, first: usize, count: usize) -> Batch {
        let stream = |index: usize| Stream::new(0, "data/grammar/validation", index as u64);
        windows((first..first + count).map(|index| self.sample(stream(index), true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Input;

    /// The sentences that a batch holds in full.
    fn sentences(batch: &Batch, tokens: usize) -> Vec<String> {
        let Input::Tokens(ids) = &batch.inputs[0] else { panic!("text has tokens") };
        let texts = ids.chunks(tokens).map(|ids| alphabet().text(ids));
        let whole = |text: String| text.split_inclusive(". ").filter(|s| s.ends_with(". ")).map(String::from).collect();
        texts.flat_map(|text| -> Vec<String> { whole(text) }).collect()
    }

    #[test]
    fn the_first_sentences_are_known() {
        let mut grammar = Grammar::new(64);
        let batch = grammar.train_batch(0, 0, 2);
        let texts = sentences(&batch, 64);
        assert_eq!(
            texts,
            ["the dog has met the red elephants. ", "two children that two elephants like see the cat. "]
        );
    }

    #[test]
    fn held_out_sentences_are_never_trained_on() {
        let mut grammar = Grammar::new(128);
        let trained = sentences(&grammar.train_batch(3, 7, 200), 128);
        let held_out = sentences(&grammar.validation(100, 200), 128);
        assert!(trained.len() > 300 && held_out.len() > 300);
        assert!(trained.iter().all(|sentence| !is_held_out(sentence)));
        assert!(held_out.iter().all(|sentence| is_held_out(sentence)));
    }

    #[test]
    fn a_label_is_the_next_character() {
        let batch = Grammar::new(16).train_batch(0, 5, 3);
        let Input::Tokens(ids) = &batch.inputs[0] else { panic!("text has tokens") };
        for (ids, labels) in ids.chunks(16).zip(batch.labels.chunks(16)) {
            assert_eq!(ids[1..], labels[..15]);
        }
        assert_eq!(batch.labels.len(), 48);
    }

    #[test]
    fn articles_and_verbs_agree() {
        for index in 0..2000 {
            let text = sentence(&mut Stream::new(1, "test", index));
            let words: Vec<&str> = text.trim_end_matches(". ").split(' ').collect();
            for pair in words.windows(2) {
                let vowel = pair[1].starts_with(['a', 'e', 'i', 'o', 'u']);
                assert!(pair[0] != "a" || !vowel, "{text}");
                assert!(pair[0] != "an" || vowel, "{text}");
            }
            let subject = &words[1..=2];
            let singular = NOUNS.iter().any(|[one, _]| subject.contains(one)) && words[0] != "two";
            let last = words.iter().rposition(|word| INTRANSITIVE.iter().flatten().any(|verb| verb.starts_with(word)));
            if words.len() == 3
                && let Some(at) = last
            {
                assert_eq!(INTRANSITIVE.iter().any(|[one, _]| one == &words[at]), singular, "{text}");
            }
        }
    }
}
