//! Cuts images into the token rows that the patch embedding reads.

use crate::kernels::ALIGN;

/// How an image divides into square patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchGrid {
    /// Image height in pixels.
    pub height: usize,
    /// Image width in pixels.
    pub width: usize,
    /// Values per pixel.
    pub channels: usize,
    /// Side of a patch in pixels; divides height and width.
    pub patch: usize,
}

impl PatchGrid {
    /// Patches per image: the tokens of a sequence.
    pub fn tokens(&self) -> usize {
        (self.height / self.patch) * (self.width / self.patch)
    }

    /// Values in a patch.
    pub fn features(&self) -> usize {
        self.patch * self.patch * self.channels
    }

    /// Values of a token: a patch, padded with zeros to a whole number of vectors.
    pub fn row(&self) -> usize {
        self.features().next_multiple_of(ALIGN)
    }

    /// Sequences that `samples` images take: padded, so that rows fill whole vectors.
    pub fn batch(samples: usize) -> usize {
        samples.next_multiple_of(ALIGN)
    }

    /// `[images, height, width, channels] -> [row, batch * tokens]`, zeros for the images that only pad.
    pub fn cut(&self, images: &[f32]) -> Vec<f32> {
        let pixels = self.height * self.width * self.channels;
        let rows = Self::batch(images.len() / pixels) * self.tokens();
        let mut features = vec![0.0; self.row() * rows];
        let across = self.width / self.patch;
        let line = self.patch * self.channels;
        for (i, image) in images.chunks_exact(pixels).enumerate() {
            for token in 0..self.tokens() {
                let (top, left) = (token / across * self.patch, token % across * self.patch);
                for y in 0..self.patch {
                    let start = ((top + y) * self.width + left) * self.channels;
                    for (x, value) in image[start..start + line].iter().enumerate() {
                        features[(y * line + x) * rows + i * self.tokens() + token] = *value;
                    }
                }
            }
        }
        features
    }

    /// `[images, height, width, channels] -> [images * tokens, features]`: a row per token, without padding, as other
    /// libraries take them.
    pub fn token_rows(&self, images: &[f32]) -> Vec<f32> {
        let count = images.len() / (self.height * self.width * self.channels);
        let (columns, rows) = (self.cut(images), Self::batch(count) * self.tokens());
        let row = |row: usize| (0..self.features()).map(move |feature| feature * rows + row);
        (0..count * self.tokens()).flat_map(row).map(|at| columns[at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_lie_feature_by_feature_padded_to_four_images() {
        let grid = PatchGrid { height: 2, width: 6, channels: 1, patch: 2 };
        let image: Vec<f32> = (1..13).map(|i| i as f32).collect();
        let z = [0.0; 9];
        let feature = |values: [f32; 3]| [values.as_slice(), &z].concat();
        let expected =
            [feature([1., 3., 5.]), feature([2., 4., 6.]), feature([7., 9., 11.]), feature([8., 10., 12.])].concat();
        assert_eq!(grid.cut(&image), expected);

        // Three channels in a patch of one pixel: a fourth feature pads, and so do two images.
        let grid = PatchGrid { height: 1, width: 1, channels: 3, patch: 1 };
        let expected = [[1., 4., 0., 0.], [2., 5., 0., 0.], [3., 6., 0., 0.], [0.; 4]].concat();
        assert_eq!(grid.cut(&[1., 2., 3., 4., 5., 6.]), expected);
        assert_eq!(grid.token_rows(&[1., 2., 3., 4., 5., 6.]), [1., 2., 3., 4., 5., 6.]);
    }

    #[test]
    fn other_libraries_get_a_row_per_token() {
        let grid = PatchGrid { height: 2, width: 4, channels: 1, patch: 2 };
        let images = [1., 2., 3., 4., 5., 6., 7., 8., 11., 12., 13., 14., 15., 16., 17., 18.];
        let rows = [1., 2., 5., 6., 3., 4., 7., 8., 11., 12., 15., 16., 13., 14., 17., 18.];
        assert_eq!(grid.token_rows(&images), rows);
    }
}
