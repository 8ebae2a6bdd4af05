use super::*;
use crate::data::tests::{file, gzip};

fn load(bytes: &[u8], tokens: usize) -> Result<StoredText, LabError> {
    StoredText::load(&[file("book.txt", bytes.to_vec())], tokens, 0.25)
}

fn texts(text: &StoredText, batch: &Batch) -> Vec<String> {
    let Input::Tokens(ids) = &batch.inputs[0] else { panic!("text has tokens") };
    ids.chunks(text.tokens).map(|ids| text.alphabet.text(ids)).collect()
}

/// `len` characters that all differ from their neighbours: `abc...zabc`.
fn letters(len: usize) -> String {
    ('a'..='z').cycle().take(len).collect()
}

#[test]
fn the_end_of_the_text_is_held_out_and_never_drawn_for_training() {
    let text: String = letters(300) + &letters(100).to_uppercase();
    let mut text = load(text.as_bytes(), 8).expect("the text is long enough");
    assert_eq!((text.train_len(), text.validation_len()), (Some(292), 12));
    let trained = texts(&text, &text.validation(0, 12)).concat();
    assert!(trained.chars().all(char::is_uppercase), "{trained}");
    let batch = text.train_batch(3, 2, 500);
    assert!(batch.labels.iter().all(|id| text.alphabet.text(&[*id]).chars().all(char::is_lowercase)));
    let seen = texts(&text, &batch);
    for part in ["yzabcdef", "abcdefgh"] {
        assert!(seen.iter().any(|window| window == part), "windows begin anywhere");
    }
}

#[test]
fn plain_and_packed_texts_and_line_ends_read_alike() {
    let plain = letters(50) + "\n" + &letters(80);
    let dos = ["\u{feff}".as_bytes(), plain.replace('\n', "\r\n").as_bytes()].concat();
    let reference = load(plain.as_bytes(), 4).expect("the text is long enough");
    for bytes in [dos.clone(), gzip(plain.as_bytes()), gzip(&dos)] {
        let other = load(&bytes, 4).expect("the text is long enough");
        assert_eq!((&other.ids, &other.alphabet), (&reference.ids, &reference.alphabet));
    }
}

#[test]
fn the_rarest_characters_become_one_and_the_note_says_so() {
    let rare: String = ('\u{4e00}'..).take(200).collect();
    let text = load((letters(2600) + &rare + &letters(1000)).as_bytes(), 8).expect("the text is long enough");
    assert_eq!(text.alphabet.len(), 128);
    let note = text.note().expect("characters were merged");
    assert!(note.contains("its 99 rarest, 99 characters in all, are read as \u{25a1}"), "{note}");
    let other = text.alphabet.id("\u{25a1}").expect("it is in the alphabet");
    assert_eq!(text.ids.iter().filter(|id| u32::from(**id) == other).count(), 99);
    assert_eq!(load(letters(400).as_bytes(), 8).expect("the text is long enough").note(), None);
}

#[test]
fn what_cannot_be_learned_is_refused_with_a_remedy() {
    let refused = |bytes: &[u8]| load(bytes, 8).expect_err("it cannot be learned").to_string();
    let short = refused(letters(30).as_bytes());
    assert!(short.contains("has 30 characters, of which 8 are held out"), "{short}");
    assert!(short.contains("task.context"), "{short}");
    let latin = refused(&[letters(200).as_bytes(), &[0xe9, b' ', b'a']].concat());
    assert!(latin.contains("not UTF-8 at byte 200"), "{latin}");
    let same = refused(&[b'a'; 400]);
    assert!(same.contains("repeats one character"), "{same}");
    let two = StoredText::load(&[file("a.txt", vec![1]), file("b.txt", vec![1])], 8, 0.25);
    assert!(two.expect_err("one file is read").to_string().starts_with("b.txt: is one file too many"));
}
