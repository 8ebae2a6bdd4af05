use super::*;
use crate::data::tests::{file, gzip};
use crate::random::Stream;

/// An IDX file with this header; the body is for the caller to add.
fn header(dimensions: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    bytes
}

/// `count` images of 2 x 3 pixels; image `i` is filled with `i`.
fn images(name: &str, count: u8) -> DataFile {
    let mut bytes = header(&[u32::from(count), 2, 3]);
    bytes.extend((0..count).flat_map(|i| [i; 6]));
    file(name, bytes)
}

/// `count` labels; image `i` has `i % 3`.
fn labels(name: &str, count: u8) -> DataFile {
    let mut bytes = header(&[u32::from(count)]);
    bytes.extend((0..count).map(|i| i % 3));
    file(name, bytes)
}

fn packed(mut plain: DataFile) -> DataFile {
    plain.bytes = gzip(&plain.bytes);
    plain
}

/// The file and the reason of the error that `files` give.
fn rejected(files: &[DataFile]) -> (String, String) {
    match load(files, 0.2) {
        Err(LabError::Data { file, reason }) => (file, reason),
        other => panic!("a data error was expected, not {other:?}"),
    }
}

/// Asserts that `files` are refused because of the file `name` and that the reason has all of `words`.
fn assert_rejected(files: &[DataFile], name: &str, words: &[&str]) {
    let (file, reason) = rejected(files);
    assert_eq!(file, name, "{reason}");
    for word in words {
        assert!(reason.contains(word), "{word:?} is not in: {reason}");
    }
}

#[test]
fn a_pair_loads_in_any_order_plain_or_gzip_whatever_its_names() {
    let reference = load(&[images("a", 20), labels("b", 20)], 0.2).expect("the pair is sound");
    assert_eq!(reference.shape(), ImageShape { height: 2, width: 3, channels: 1 });
    assert_eq!((reference.classes(), reference.train_len(), reference.validation_len()), (3, 16, 4));
    let misnamed = [packed(labels("train-images.gz", 20)), packed(images("train-labels.gz", 20))];
    let same = load(&misnamed, 0.2).expect("names do not matter");
    assert_eq!(same.validation(0, 4), reference.validation(0, 4));
}

#[test]
fn images_keep_their_own_labels() {
    let set = load(&[images("images", 30), labels("labels", 30)], 0.5).expect("the pair is sound");
    let batch = set.validation(0, 15);
    // Image i is filled with i, so brightness orders the images and gives i away.
    let step = {
        let mut levels: Vec<f32> = batch.images.clone();
        levels.sort_by(f32::total_cmp);
        levels.dedup();
        levels.windows(2).map(|pair| pair[1] - pair[0]).fold(f32::INFINITY, f32::min)
    };
    let first = batch.images[0];
    for (image, label) in batch.images.chunks_exact(6).zip(&batch.labels) {
        assert!(image.iter().all(|&pixel| pixel == image[0]));
        let distance = ((image[0] - first) / step).round() as i32;
        assert_eq!((batch.labels[0] as i32 + distance).rem_euclid(3), *label as i32);
    }
}

#[test]
fn of_two_pairs_the_smaller_is_held_out() {
    let files = [images("t", 5), labels("u", 12), images("v", 12), labels("w", 5)];
    let set = load(&files, 0.2).expect("both pairs are sound");
    assert_eq!((set.train_len(), set.validation_len()), (12, 5));
}

#[test]
fn a_missing_half_is_named() {
    assert_rejected(&[images("i", 9)], "i", &["holds 9 images", "file with their labels is missing"]);
    assert_rejected(&[labels("l", 9)], "l", &["holds 9 labels", "file with their images is missing"]);
    let files = [images("i", 9), labels("l", 8)];
    assert_rejected(&files, "i", &["labels is missing (l has 8)", "drop both files together"]);
    let three = [images("i", 9), labels("l", 9), images("j", 4)];
    assert_rejected(&three, "j", &["holds 4 images", "labels is missing (l has 9)"]);
}

#[test]
fn files_that_cannot_be_told_apart_are_refused() {
    assert_rejected(&[images("i", 9), images("j", 9), labels("l", 9)], "j", &["so does i", "drop one of them"]);
    let pairs: Vec<_> = [4, 5, 6].into_iter().flat_map(|n| [images(&format!("i{n}"), n), labels("l", n)]).collect();
    assert_rejected(&pairs, "i4", &["smallest of three pairs"]);
    let mut other_shape = header(&[4, 3, 2]);
    other_shape.extend([7; 24]);
    let files = [images("i", 9), labels("l", 9), file("turned", other_shape), labels("m", 4)];
    assert_rejected(&files, "turned", &["3 x 2 pixels, i of 2 x 3"]);
}

#[test]
fn a_truncated_file_says_how_much_there_is() {
    let mut short = images("i", 200);
    short.bytes.truncate(1016);
    assert_rejected(&[short, labels("l", 200)], "i", &["ends after 1,016 of 1,216 bytes", "download it again"]);
    let mut header_only = labels("l", 9);
    header_only.bytes.truncate(6);
    assert_rejected(&[images("i", 9), header_only], "l", &["ends inside its header of 8 bytes"]);
    let mut cut = packed(labels("l", 200));
    cut.bytes.truncate(15);
    assert_rejected(&[images("i", 200), cut], "l", &["ends after 0 bytes of its contents"]);
}

#[test]
fn a_truncated_gzip_file_says_how_much_of_its_contents_is_there() {
    let mut stream = Stream::new(0, "test", 0);
    let mut bytes = header(&[100, 20, 20]);
    bytes.extend((0..40_000).map(|_| stream.below(256) as u8));
    let mut cut = file("i", gzip(&bytes));
    cut.bytes.truncate(cut.bytes.len() - 100);
    assert_rejected(&[cut, labels("l", 100)], "i", &["ends after 3", " of 40,016 bytes: download it again"]);
}

#[test]
fn trailing_bytes_are_refused() {
    for pack in [|plain| plain, packed] {
        let mut long = images("i", 9);
        long.bytes.push(1);
        assert_rejected(&[pack(long), labels("l", 9)], "i", &["goes on after the 70 bytes"]);
    }
}

#[test]
fn damage_to_gzip_data_is_noticed() {
    let mut damaged = packed(images("i", 9));
    let checksum = damaged.bytes.len() - 8;
    damaged.bytes[checksum] ^= 1;
    assert_rejected(&[damaged, labels("l", 9)], "i", &["damaged gzip file", "download it again"]);
}

#[test]
fn a_bomb_is_not_unpacked() {
    // The header announces 70 bytes; what follows would unpack to 8 MiB.
    let mut bomb = images("i", 9).bytes;
    bomb.resize(8 << 20, 0);
    let bomb = file("i", gzip(&bomb));
    let (bytes, end) = unpack::contents(&bomb, 70).expect("the gzip data are sound");
    assert_eq!((bytes.len(), end), (71, unpack::End::OverLimit));
    assert_rejected(&[bomb, labels("l", 9)], "i", &["goes on after the 70 bytes"]);
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_unpacked() {
    for (dimensions, words) in [
        (&[0, 28, 28][..], "holds no images"),
        (&[0], "holds no labels"),
        (&[9, 0, 28], "images of 0 x 28 pixels"),
        (&[9, 28, 100_000], "28 x 100,000 pixels"),
        (&[u32::MAX, 512, 512], "announces 4,294,967,295 images, more than the 512 MiB"),
        (&[u32::MAX], "announces 4,294,967,295 labels"),
    ] {
        assert_rejected(&[file("f", header(dimensions))], "f", &[words]);
    }
}

#[test]
fn other_files_are_named_for_what_they_are() {
    assert_rejected(&[file("f", vec![])], "f", &["is empty"]);
    assert_rejected(&[file("f", b"PK\x03\x04 and so on".to_vec())], "f", &["is an archive: unpack it"]);
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    assert_rejected(&[file("f", gzip(&tar))], "f", &["is an archive: unpack it"]);
    assert_rejected(&[file("f", b"<html>".to_vec())], "f", &["starts with 3c 68 74 6d", "00 00 08 03"]);
    let floats = [&[0, 0, 0x0d, 3][..], &[0; 12]].concat();
    assert_rejected(&[file("f", floats)], "f", &["another kind (type 0x0d, 3 dimensions)"]);
}

#[test]
fn labels_must_make_sense() {
    let mut wild = labels("l", 9);
    wild.bytes[8 + 4] = 200;
    assert_rejected(&[images("i", 9), wild], "l", &["gives image 4 the label 200", "0 to 127"]);
    let mut one_class = labels("l", 9);
    one_class.bytes[8..].fill(0);
    assert_rejected(&[images("i", 9), one_class], "l", &["every image the label 0"]);
}
