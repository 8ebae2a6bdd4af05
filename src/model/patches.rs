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

    /// Values in a token row: a patch, padded with zeros to a whole number of vectors.
    pub fn row(&self) -> usize {
        self.features().next_multiple_of(ALIGN)
    }

    /// `[images, height, width, channels] -> [images * tokens, row]`.
    pub fn cut(&self, images: &[f32]) -> Vec<f32> {
        let pixels = self.height * self.width * self.channels;
        let count = images.len() / pixels;
        let mut rows = vec![0.0; count * self.tokens() * self.row()];
        let across = self.width / self.patch;
        let line = self.patch * self.channels;
        for (image, rows) in images.chunks_exact(pixels).zip(rows.chunks_exact_mut(self.tokens() * self.row())) {
            for (token, row) in rows.chunks_exact_mut(self.row()).enumerate() {
                let (top, left) = (token / across * self.patch, token % across * self.patch);
                for (y, target) in row[..self.features()].chunks_exact_mut(line).enumerate() {
                    let start = ((top + y) * self.width + left) * self.channels;
                    target.copy_from_slice(&image[start..start + line]);
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_keep_their_pixels_together_and_pad_with_zeros() {
        let grid = PatchGrid { height: 2, width: 6, channels: 1, patch: 2 };
        let image: Vec<f32> = (0..12).map(|i| i as f32).collect();
        assert_eq!(grid.cut(&image), [0., 1., 6., 7., 2., 3., 8., 9., 4., 5., 10., 11.]);
        let grid = PatchGrid { height: 1, width: 2, channels: 3, patch: 1 };
        assert_eq!(grid.cut(&[1., 2., 3., 4., 5., 6.]), [1., 2., 3., 0., 4., 5., 6., 0.]);
    }
}
