//! What is remembered of the masks of a run: one code per weight, [`FIRST`] + [`EVER`] where they hold.

/// In the code of a weight that the first mask of its lane kept.
pub const FIRST: f32 = 1.0;
/// In the code of a weight that a reported mask kept at some time.
pub const EVER: f32 = 2.0;

/// Code of a weight, from whether the first mask kept it and whether a reported one ever did, each 0 or 1.
pub fn encode(first: f32, ever: f32) -> f32 {
    FIRST * first + EVER * ever
}

/// `(first, ever)` of a code, each 0 or 1.
pub fn decode(code: f32) -> (f32, f32) {
    let ever = f32::from(u8::from(code >= EVER));
    (code - EVER * ever, ever)
}

/// Adds the weights that `mask` keeps to the history of one lane; `first` and `ever`, 0 or 1, say to which part.
pub fn remember_masks(history: &[f32], mask: &[f32], [first, ever]: [f32; 2], remembered: &mut [f32]) {
    for ((remembered, code), kept) in remembered.iter_mut().zip(history).zip(mask) {
        let (was_first, was_ever) = decode(*code);
        *remembered = encode(was_first.max(kept * first), was_ever.max(kept * ever));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_the_first_mask_and_adds_to_what_was_ever_kept() {
        let step = |history: &[f32], mask: &[f32], events| {
            let mut remembered = vec![f32::NAN; history.len()];
            remember_masks(history, mask, events, &mut remembered);
            remembered
        };
        let first = step(&[0.0; 4], &[1.0, 0.0, 1.0, 0.0], [1.0, 0.0]);
        assert_eq!(first, [FIRST, 0.0, FIRST, 0.0]);
        let later = step(&first, &[1.0, 1.0, 0.0, 0.0], [0.0, 1.0]);
        assert_eq!(later, [FIRST + EVER, EVER, FIRST, 0.0]);
        assert_eq!(step(&later, &[1.0; 4], [0.0, 0.0]), later, "a lane to which nothing happens keeps its history");
        assert_eq!(decode(FIRST + EVER), (1.0, 1.0));
    }
}
