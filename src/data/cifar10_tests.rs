use super::*;
use crate::data::tests::{file, gzip};

/// A batch of `count` images; image `i` has class `i % 10` and planes filled with `i`, `i + 1` and `i + 2`.
fn batch(name: &str, count: u8) -> DataFile {
    let record = |i: u8| {
        let mut record = vec![i % 10];
        record.extend((0..3).flat_map(|plane| vec![i + plane; PLANE]));
        record
    };
    file(name, (0..count).flat_map(record).collect())
}

fn rejected(files: &[DataFile]) -> (String, String) {
    match load(files, 0.2) {
        Err(LabError::Data { file, reason }) => (file, reason),
        other => panic!("a data error was expected, not {other:?}"),
    }
}

#[test]
fn planes_become_channels_of_each_pixel() {
    let mut one = batch("data_batch_1.bin", 1);
    // Red is the first plane, and pixel (0, 1) the second of each plane.
    for plane in 0..3 {
        one.bytes[1 + plane * PLANE + 1] = 50 + plane as u8;
    }
    let mut data = LabelledBytes { shape: SHAPE, pixels: Vec::new(), labels: Vec::new() };
    append(&one, &mut data).expect("the record is sound");
    assert_eq!(data.pixels[..9], [0, 1, 2, 50, 51, 52, 0, 1, 2]);
    assert_eq!((data.pixels.len(), data.labels), (SHAPE.pixels(), vec![0]));
}

#[test]
fn the_test_batch_is_held_out_when_there_are_others() {
    let files = [batch("test_batch.bin", 4), batch("data_batch_2.bin", 6), batch("data_batch_1.bin", 5)];
    let set = load(&files, 0.2).expect("the batches are sound");
    assert_eq!((set.train_len(), set.validation_len(), set.classes()), (11, 4, 10));
}

#[test]
fn batches_without_a_test_batch_are_split_whatever_their_order() {
    let files = [batch("data_batch_1.bin", 10), file("data_batch_2.bin.gz", gzip(&batch("", 20).bytes))];
    let set = load(&files, 0.2).expect("the batches are sound");
    assert_eq!((set.train_len(), set.validation_len()), (24, 6));
    let [first, second] = files;
    let turned = load(&[second, first], 0.2).expect("the batches are sound");
    assert_eq!(turned.validation(0, 6), set.validation(0, 6));
    let alone = load(&[batch("test_batch.bin", 10)], 0.2).expect("a test batch alone is data like any other");
    assert_eq!((alone.train_len(), alone.validation_len()), (8, 2));
}

#[test]
fn faulty_batches_are_refused_by_name() {
    let mut short = batch("short.bin", 3);
    short.bytes.pop();
    let mut cut = batch("cut.bin.gz", 3);
    cut.bytes = gzip(&cut.bytes);
    cut.bytes.truncate(cut.bytes.len() - 9);
    let mut pickle = batch("pickle", 3);
    pickle.bytes[RECORD_LEN] = 0x80;
    for (faulty, words) in [
        (short, "ends after 9,218 bytes inside a record"),
        (cut, "bytes inside a record"),
        (pickle, "gives image 1 the label 128"),
        (file("empty.bin", vec![]), "is empty"),
    ] {
        let name = faulty.name.clone();
        let (file, reason) = rejected(&[batch("data_batch_1.bin", 5), faulty]);
        assert_eq!(file, name, "{reason}");
        assert!(reason.contains(words), "{words:?} is not in: {reason}");
    }
}

#[test]
fn a_batch_given_twice_is_refused() {
    let (file, reason) = rejected(&[batch("data_batch_1.bin", 5), batch("data_batch_1.bin", 5)]);
    assert_eq!(file, "data_batch_1.bin");
    assert!(reason.contains("given twice"), "{reason}");
}
