//! FNV-1a, 64 bits (Fowler, Noll, Vo): a few lines, the same everywhere, unlike the standard library's hash, which
//! may change. Good against accidents, not against forgery.

/// A hash in progress.
#[derive(Clone, Copy, Debug)]
pub struct Hash(pub u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// The hash of `bytes` alone.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut hash = Self::default();
        hash.write(bytes);
        hash.0
    }

    /// Continues the hash with `bytes`.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_the_hashes_of_the_authors_table() {
        assert_eq!(Hash::of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Hash::of(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
