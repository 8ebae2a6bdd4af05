use super::*;

const NOISE: f32 = 0.6;

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f32]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// The expected pixels come from a second implementation in double precision, written apart from this one.
#[test]
fn known_samples_are_drawn_as_described() {
    let shapes = Shapes::new(NOISE);
    for (batch, at, label, pixels) in [
        (shapes.train_batch(3, 2, 32), 6, 2, [0.465_144, 0.574_206, -0.213_730, -0.814_435, -1.885_602]),
        (shapes.validation(0, 2), 1, 9, [-0.726_185, 0.077_521, -0.546_811, 1.914_227, -0.217_367]),
    ] {
        assert_eq!(batch.labels[at], label);
        let image = &batch.images[at * 256..][..256];
        for (place, expected) in [0, 17, 119, 136, 255].into_iter().zip(pixels) {
            assert!((image[place] - expected).abs() < 1e-4, "pixel {place}: {} is not {expected}", image[place]);
        }
    }
}

#[test]
fn a_sample_does_not_depend_on_the_batch_around_it() {
    let shapes = Shapes::new(NOISE);
    let (whole, part) = (shapes.train_batch(5, 0, 12), shapes.train_batch(5, 2, 4));
    assert_eq!((&whole.images[8 * 256..], &whole.labels[8..]), (&part.images[..], &part.labels[..]));
    let (whole, part) = (shapes.validation(40, 10), shapes.validation(47, 3));
    assert_eq!((&whole.images[7 * 256..], &whole.labels[7..]), (&part.images[..], &part.labels[..]));
}

#[test]
fn images_of_two_seeds_and_the_held_out_ones_are_all_different() {
    let shapes = Shapes::new(0.0);
    let mut seen = std::collections::HashSet::new();
    let batches = [shapes.train_batch(0, 0, 300), shapes.train_batch(1, 0, 300), shapes.validation(0, 300)];
    for image in batches.iter().flat_map(|batch| batch.images.chunks_exact(256)) {
        assert!(seen.insert(image.iter().map(|pixel| pixel.to_bits()).collect::<Vec<_>>()));
    }
}

#[test]
fn noise_has_the_deviation_of_the_task_and_leaves_the_scene_alone() {
    let (noisy, clean) = (Shapes::new(NOISE).validation(0, 200), Shapes::new(0.0).validation(0, 200));
    assert_eq!(noisy.labels, clean.labels);
    let noise: Vec<f32> = noisy.images.iter().zip(&clean.images).map(|(noisy, clean)| noisy - clean).collect();
    // 51,200 draws: the standard errors are 0.0027 and 0.0019.
    assert!(mean(&noise).abs() < 0.012, "mean {}", mean(&noise));
    assert!((deviation(&noise) - f64::from(NOISE)).abs() < 0.01, "deviation {}", deviation(&noise));
}

#[test]
fn images_have_about_zero_mean_and_unit_scale() {
    let batch = Shapes::new(NOISE).train_batch(0, 0, 1000);
    assert!(mean(&batch.images).abs() < 0.1, "mean {}", mean(&batch.images));
    assert!((0.85..1.2).contains(&deviation(&batch.images)), "deviation {}", deviation(&batch.images));
}

#[test]
fn classes_are_equally_likely_and_their_mean_images_are_blank() {
    let batch = Shapes::new(0.0).train_batch(0, 0, 5000);
    for class in 0..10 {
        let images: Vec<_> =
            batch.images.chunks_exact(256).zip(&batch.labels).filter(|(_, label)| **label == class).collect();
        // 500 expected, standard deviation 21.
        assert!((400..600).contains(&images.len()), "class {class} has {} of 5000 images", images.len());
        for pixel in 0..256 {
            let values: Vec<f32> = images.iter().map(|(image, _)| image[pixel]).collect();
            // Standard error about 0.05; ink of one sign only would give 1.
            assert!(mean(&values).abs() < 0.3, "class {class} has {} at pixel {pixel}", mean(&values));
        }
    }
}

/// A scene without paper, stroke and chance, hatched along the rows with a period of 4 pixels.
fn plain_scene(cross: bool) -> Scene {
    Scene {
        cross,
        centre: (0.0, 0.0),
        radius: 6.0,
        turn: Direction::new(0.0),
        ink: 0.5,
        hatching: Direction::new(0.0),
        frequency: 0.25,
        phase: 4.0,
        paper: [0.0; 3],
        stroke: Direction::new(0.0),
        stroke_offset: 0.0,
        stroke_ink: 0.0,
    }
}

#[test]
fn figures_and_hatching_lie_where_they_should() {
    let (disc, cross) = (plain_scene(false), plain_scene(true));
    for scene in [&disc, &cross] {
        // Crests of the hatching lie on the middle row and 4 pixels below, where ink is doubled; between them none.
        assert_eq!([0.0, 2.0, 4.0].map(|y| scene.brightness(0.0, y)), [1.0, 0.0, 1.0]);
        assert_eq!(scene.brightness(5.0, 0.0), 1.0);
        assert_eq!(scene.brightness(7.5, 0.0), 0.0, "outside");
    }
    assert_eq!((disc.brightness(3.0, 4.0), cross.brightness(3.0, 4.0)), (1.0, 0.0), "only the disc fills its corners");
    assert_eq!((disc.brightness(6.0, 0.0), disc.brightness(-6.0, 0.0)), (0.5, 0.5), "an edge covers half a pixel");
}

#[test]
fn the_wave_follows_the_cosine() {
    for step in 0..400 {
        let argument = step as f32 / 100.0;
        let error = wave(argument) - libm::cosf(2.0 * PI * argument);
        assert!(error.abs() < 0.021, "wave({argument}) is off by {error}");
    }
}
