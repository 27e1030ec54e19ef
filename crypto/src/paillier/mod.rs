//! Paillier encryption: statistics over vitals that nobody but the decryptor can read.
//!
//! Ciphertexts can be added without the key. [`pack`] lays count, sum, squares and a histogram into one [`Plaintext`], so that
//! one multiplication advances them all.
//!
//! ```text
//! SecretKey::generate ── public() ── Encryptor::new ── encrypt(pack(x, bin)) ── Ciphertext
//! Sum::new ── add … ── total ── PublicKey::add_plain(offset()) ── SecretKey::decrypt ── Plaintext::slots
//! ```
//!
//! What it rests on: the decisional composite residuosity assumption (Paillier 1999), and the assumption of Damgård, Jurik
//! and Nielsen (2010) that n-th powers of h^r, for h = −x² and r of |n|/2 bits, cannot be told from random n-th residues with
//! Jacobi symbol 1. Neither holds against a quantum computer. Ciphertexts are malleable by design: whoever stores them must tag them.
//!
//! Secrets: p, q and exponents are used in constant time (crypto-bigint); r by masked table reads and the branch-free base-n
//! `arithmetic`. Key generation alone runs on num-bigint, in variable time.
//!
//! The room touches nothing outside itself. To make it faster, replace `Ring::multiply` in `arithmetic`; the tests hold it
//! against num-bigint.

mod arithmetic;
mod ciphertext;
mod decrypt;
mod encrypt;
mod key;
mod limbs;
mod packing;
mod plaintext;
mod prime;
mod secret;
mod sum;

pub use ciphertext::{Ciphertext, CiphertextRefused};
pub use encrypt::Encryptor;
pub use key::{KeyRefused, KeySize, PublicKey};
pub use packing::{BINS, Reading, Slots, SlotsRefused, offset, pack};
pub use plaintext::{Plaintext, PlaintextRefused};
pub use secret::SecretKey;
pub use sum::Sum;
