//! The compact range against known roots and another implementation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use medicrypt_crypto::merkle::{CompactRange, RangeRefused, leaf_hash, node_hash};
use proptest::prelude::*;
use sha2::Sha256;

/// The reference leaves and the root after 0, 1, … 8 of them: Certificate Transparency's own test data
/// (transparency-dev/merkle, `testonly`).
const LEAVES: [&[u8]; 8] = [
    &[],
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[test]
fn the_certificate_transparency_roots_come_out() {
    let mut tree = CompactRange::new();
    assert_eq!(hex(&tree.root()), ROOTS[0]);
    for (leaf, root) in LEAVES.into_iter().zip(&ROOTS[1..]) {
        tree.push(leaf_hash(leaf));
        assert_eq!(&hex(&tree.root()), root, "size {}", tree.size());
    }
}

#[test]
fn every_size_up_to_300_has_the_root_of_another_implementation() {
    let (mut ours, mut theirs) = (CompactRange::new(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
    for size in 0..=300_u64 {
        assert_eq!(ours.size(), size);
        assert_eq!(ours.root().as_slice(), theirs.root().as_bytes().as_slice(), "size {size}");
        assert_eq!(CompactRange::from_bytes(&ours.to_bytes()).as_ref(), Ok(&ours));
        let leaf = size.to_le_bytes();
        ours.push(leaf_hash(&leaf));
        theirs.push(leaf.to_vec());
    }
}

#[test]
fn a_leaf_that_looks_like_a_node_has_another_hash() {
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    assert_ne!(leaf_hash(&[left, right].concat()), node_hash(&left, &right));
    assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
}

#[test]
fn bytes_that_do_not_fit_their_size_are_refused() {
    let mut tree = CompactRange::new();
    for leaf in LEAVES.into_iter().take(5) {
        tree.push(leaf_hash(leaf));
    }
    let bytes = tree.to_bytes();
    for bad in [
        &[],
        &bytes[..7],
        &bytes[..bytes.len() - 1],
        &bytes[..bytes.len() - 32],
        &[&bytes[..], &[0]].concat(),
    ] {
        assert_eq!(CompactRange::from_bytes(bad), Err(RangeRefused));
    }
    let too_large = [&u64::MAX.to_be_bytes()[..], &[0; 64 * 32]].concat();
    assert_eq!(CompactRange::from_bytes(&too_large), Err(RangeRefused));
}

proptest! {
    #[test]
    fn a_range_read_back_goes_on_like_the_one_written(sizes in (0..200_u64, 0..50_u64)) {
        let mut tree = CompactRange::new();
        (0..sizes.0).for_each(|leaf| tree.push(leaf_hash(&leaf.to_be_bytes())));
        let mut read = CompactRange::from_bytes(&tree.to_bytes()).unwrap();
        for leaf in 0..sizes.1 {
            tree.push(leaf_hash(&leaf.to_be_bytes()));
            read.push(leaf_hash(&leaf.to_be_bytes()));
        }
        prop_assert_eq!(tree.peaks().len(), tree.size().count_ones() as usize);
        prop_assert_eq!(tree.root(), read.root());
    }
}
