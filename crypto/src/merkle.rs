//! The ledger's Merkle tree: RFC 6962 section 2.1, kept as a compact range.
//!
//! A compact range is the list of roots of the full subtrees that make up a tree of a given size (its
//! "peaks"): at most 63 hashes, whatever the size. Pushing a leaf and computing the root need nothing else,
//! so a node carries the tree in memory while the leaves stay in the database.
//!
//! Pure: touches nothing but its arguments.

use sha2::{Digest, Sha256};

/// A SHA-256 hash of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];

/// The hash of a leaf: `SHA-256(0x00 || data)`.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(data).finalize().into()
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree of `size` leaves, of which only the roots of the full subtrees are kept.
// INVARIANT: `peaks` holds one hash per set bit of `size`, the largest subtree (the oldest leaves) first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Hash>,
}

impl CompactRange {
    /// How many leaves a tree may have: an index must fit a signed database integer.
    pub const MAX_SIZE: u64 = i64::MAX.unsigned_abs();

    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the full subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf, given by its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Each trailing one of the size is a full subtree that the new leaf completes into one twice as
        // large.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The tree's root; that of the empty tree is `SHA-256("")`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Sha256::digest(b"").into())
    }

    /// The stored form: the size as 8 bytes, big-endian, then the peaks of 32 bytes, the largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.size.to_be_bytes(), self.peaks.as_flattened()].concat()
    }

    /// Reads the stored form back.
    ///
    /// # Errors
    /// [`RangeRefused`] if the length does not fit the size, or the size is above [`Self::MAX_SIZE`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RangeRefused> {
        let (size, hashes) = bytes.split_first_chunk().ok_or(RangeRefused)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = hashes.as_chunks();
        if size > Self::MAX_SIZE || peaks.len() != size.count_ones() as usize || !rest.is_empty() {
            return Err(RangeRefused);
        }
        Ok(Self { size, peaks: peaks.to_vec() })
    }
}

/// The bytes are not a stored [`CompactRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these bytes are not a compact range: expected 8 bytes of size and one hash for each of its set bits"
)]
pub struct RangeRefused;
