//! The generated task: hatched figures on `16 x 16 x 1` images, ten classes, no end.
//!
//! A class is a figure (disc or cross) and the direction of its hatching (0, 36, 72, 108 or 144 degrees clockwise
//! from horizontal): label `5 * figure + direction`. Everything else is chance: place, size and turn of the figure,
//! pitch and phase of the hatching, ink brighter or darker than the paper, uneven lighting, a stray stroke across
//! the image, and Gaussian noise on every pixel with the standard deviation `noise` of the task.
//!
//! Ink of either sign leaves the mean image of every class blank: no template tells the classes apart, a network
//! has to rectify what it sees, and needs its nonlinear parts from the start.
//!
//! Sample `i` of seed `s` is drawn from `Stream(s, "data/shapes/train", i)`; held-out samples come from a stream
//! of their own with a fixed seed, so they are never trained on and judge the lanes of every seed alike.

use std::f32::consts::PI;

use super::{Batch, ImageShape, LabelledImages, Source};
use crate::random::Stream;

/// Pixels per side.
const SIDE: usize = 16;
/// Size of every image.
pub(super) const IMAGE_SHAPE: ImageShape = ImageShape { height: SIDE, width: SIDE, channels: 1 };
/// Held-out images.
pub(super) const VALIDATION_LEN: usize = 65_536;
/// What the classes show.
pub(super) const CLASS_NAMES: [&str; 10] = [
    "disc, hatched at 0°",
    "disc, hatched at 36°",
    "disc, hatched at 72°",
    "disc, hatched at 108°",
    "disc, hatched at 144°",
    "cross, hatched at 0°",
    "cross, hatched at 36°",
    "cross, hatched at 72°",
    "cross, hatched at 108°",
    "cross, hatched at 144°",
];
/// Directions of hatching; the figure is the label divided by this.
const DIRECTIONS: u32 = 5;

/// The generator of images.
#[derive(Debug)]
pub(super) struct Shapes {
    noise: f32,
}

impl Shapes {
    /// Images with this standard deviation of the pixel noise, where ink differs from the paper by 1 on average.
    pub fn new(noise: f32) -> Self {
        Self { noise }
    }

    /// Images that a lane with this `seed` sees at `step`.
    pub fn train_batch(&self, seed: u64, step: u32, batch: usize) -> LabelledImages {
        self.batch(seed, "data/shapes/train", u64::from(step) * batch as u64, batch)
    }

    /// Held-out images.
    pub fn validation(&self, first: usize, count: usize) -> LabelledImages {
        self.batch(0, "data/shapes/validation", first as u64, count)
    }

    fn batch(&self, seed: u64, purpose: &str, first: u64, count: usize) -> LabelledImages {
        let mut images = Vec::with_capacity(count * IMAGE_SHAPE.pixels());
        let labels = (first..first + count as u64)
            .map(|index| {
                let mut stream = Stream::new(seed, purpose, index);
                let label = stream.below(CLASS_NAMES.len() as u32);
                let scene = Scene::draw(label, &mut stream);
                for row in 0..SIDE {
                    for column in 0..SIDE {
                        let brightness = scene.brightness(Scene::position(column), Scene::position(row));
                        images.push(brightness + self.noise * stream.normal());
                    }
                }
                label
            })
            .collect();
        LabelledImages { images, labels }
    }
}

impl Source for Shapes {
    fn train_len(&self) -> Option<usize> {
        None
    }

    fn validation_len(&self) -> usize {
        VALIDATION_LEN
    }

    fn train_batch(&mut self, seed: u64, step: u32, batch: usize) -> Batch {
        Self::train_batch(self, seed, step, batch).into()
    }

    fn validation(&self, first: usize, count: usize) -> Batch {
        Self::validation(self, first, count).into()
    }
}

/// A direction in the plane.
#[derive(Debug)]
struct Direction {
    cos: f32,
    sin: f32,
}

impl Direction {
    fn new(angle: f32) -> Self {
        let (sin, cos) = libm::sincosf(angle);
        Self { cos, sin }
    }

    /// How far `(x, y)` lies along the direction and across it.
    fn components(&self, x: f32, y: f32) -> (f32, f32) {
        (self.cos * x + self.sin * y, self.cos * y - self.sin * x)
    }
}

/// What one image shows before noise. Lengths are in pixels, positions relative to the middle of the image.
#[derive(Debug)]
struct Scene {
    cross: bool,
    centre: (f32, f32),
    radius: f32,
    turn: Direction,
    /// Positive ink is brighter than the paper.
    ink: f32,
    hatching: Direction,
    /// Waves per pixel.
    frequency: f32,
    /// In waves.
    phase: f32,
    /// Brightness of the paper in the middle, and its slope along x and y per pixel.
    paper: [f32; 3],
    stroke: Direction,
    stroke_offset: f32,
    stroke_ink: f32,
}

impl Scene {
    /// Chooses everything that the `label` leaves open.
    fn draw(label: u32, stream: &mut Stream) -> Self {
        const SHIFT: f32 = 1.0;
        let hatching = PI / DIRECTIONS as f32 * (label % DIRECTIONS) as f32;
        Self {
            cross: label >= DIRECTIONS,
            centre: (stream.uniform_in(-SHIFT, SHIFT), stream.uniform_in(-SHIFT, SHIFT)),
            radius: stream.uniform_in(5.5, 7.0),
            turn: Direction::new(stream.uniform_in(-0.2, 0.2)),
            ink: sign(stream) * stream.uniform_in(0.8, 1.2),
            // 36 degrees apart, give or take 7: neighbouring directions never meet.
            hatching: Direction::new(hatching + stream.uniform_in(-0.12, 0.12)),
            frequency: stream.uniform_in(0.24, 0.36),
            // No pixel lies 4 waves from the middle, so the wave's argument is positive on the whole image.
            phase: 4.0 + stream.uniform(),
            paper: [stream.uniform_in(-0.3, 0.3), stream.uniform_in(-0.04, 0.04), stream.uniform_in(-0.04, 0.04)],
            stroke: Direction::new(stream.uniform_in(0.0, PI)),
            stroke_offset: stream.uniform_in(-8.0, 8.0),
            stroke_ink: sign(stream),
        }
    }

    /// The position of pixel `index` along either axis.
    fn position(index: usize) -> f32 {
        index as f32 - (SIDE - 1) as f32 / 2.0
    }

    /// The brightness at `(x, y)`.
    fn brightness(&self, x: f32, y: f32) -> f32 {
        let [level, slope_x, slope_y] = self.paper;
        let stroke = coverage((self.stroke.components(x, y).1 - self.stroke_offset).abs() - 0.5);
        let figure = coverage(self.distance(x, y));
        let wave = wave(self.frequency * self.hatching.components(x, y).1 + self.phase);
        level + slope_x * x + slope_y * y + self.stroke_ink * stroke + self.ink * figure * (1.0 + wave)
    }

    /// Distance of `(x, y)` to the edge of the figure, negative inside.
    fn distance(&self, x: f32, y: f32) -> f32 {
        let (u, v) = self.turn.components(x - self.centre.0, y - self.centre.1);
        if self.cross {
            let (u, v) = (u.abs(), v.abs());
            let (long, short) = (self.radius * 1.1, self.radius * 0.36);
            (u - long).max(v - short).min((u - short).max(v - long))
        } else {
            libm::sqrtf(u * u + v * v) - self.radius
        }
    }
}

/// Either sign with equal chance.
fn sign(stream: &mut Stream) -> f32 {
    if stream.below(2) == 0 { 1.0 } else { -1.0 }
}

/// The share of a pixel that lies inside an edge at this distance from its middle.
fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// A smooth wave of period 1 between -1 and 1, for `argument >= 0`: a cubic in place of the sine, since this runs
/// for every pixel and need not be exact.
fn wave(argument: f32) -> f32 {
    let fraction = argument - argument.floor();
    let triangle = 4.0 * (fraction - 0.5).abs() - 1.0;
    triangle * (1.5 - 0.5 * triangle * triangle)
}

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;
