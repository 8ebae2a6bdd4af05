use std::io::Write;

use super::*;

/// A file as a user would drop it.
pub(super) fn file(name: &str, bytes: Vec<u8>) -> DataFile {
    DataFile { name: name.into(), bytes }
}

/// `bytes` as a gzip file.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

const SHAPES: TaskConfig = TaskConfig::Shapes { noise: 0.6 };
const IDX: TaskConfig = TaskConfig::Idx { validation_frac: 0.2 };
const CIFAR10: TaskConfig = TaskConfig::Cifar10 { validation_frac: 0.2 };
const TEXT: TaskConfig = TaskConfig::Text { context: 16, validation_frac: 0.2 };

#[test]
fn a_task_without_its_files_says_which_it_needs() {
    for (task, words) in [(IDX, "IDX pair"), (CIFAR10, "data_batch_1.bin"), (TEXT, "a text in UTF-8")] {
        for result in [Dataset::generated(&task), Dataset::from_files(&task, &[])] {
            let message = result.expect_err("there are no files").to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}

#[test]
fn the_generated_task_takes_no_files() {
    let error = Dataset::from_files(&SHAPES, &[file("mnist.gz", vec![1])]).expect_err("shapes needs no files");
    assert!(error.to_string().starts_with("mnist.gz: the shapes task is generated"), "{error}");
}

#[test]
fn the_generated_task_is_described_and_endless() {
    let dataset = Dataset::generated(&SHAPES).expect("shapes needs nothing");
    let SampleForm::Images { shape, class_names } = dataset.form() else { panic!("shapes are images") };
    assert_eq!(*shape, ImageShape { height: 16, width: 16, channels: 1 });
    assert_eq!((class_names.len(), dataset.train_len(), dataset.validation_len()), (10, None, 65_536));
}

#[test]
fn files_are_described_by_their_contents() {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 5, 0, 1, 2, 1, 0];
    let mut dataset =
        Dataset::from_files(&IDX, &[file("images", images), file("labels", labels)]).expect("the pair is sound");
    let class_names = ["0", "1", "2"].map(String::from).to_vec();
    let shape = ImageShape { height: 1, width: 2, channels: 1 };
    assert_eq!(dataset.form(), &SampleForm::Images { shape, class_names });
    assert_eq!((dataset.train_len(), dataset.validation_len()), (Some(4), 1));
    let batch = dataset.train_batch(0, 7, 6);
    let pixels = |batch: &Batch| match &batch.inputs[..] {
        [Input::Pixels(pixels)] => pixels.len(),
        other => panic!("images have pixels, not {other:?}"),
    };
    assert_eq!((pixels(&batch), batch.labels.len()), (12, 6));
    assert_eq!(pixels(&dataset.validation(0, 1)), 2);
}

#[test]
#[should_panic(expected = "validation samples 65530..65540 of 65536")]
fn validation_beyond_the_end_is_a_broken_invariant() {
    Dataset::generated(&SHAPES).expect("shapes needs nothing").validation(65_530, 10);
}

#[test]
fn numbers_are_grouped_by_thousands() {
    for (number, text) in [(0, "0"), (999, "999"), (1203, "1,203"), (47_040_016, "47,040,016")] {
        assert_eq!(grouped(number), text);
    }
}
