//! RSA signatures: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), and the keys for them.
//!
//! Keys have 2048 to 4096 bits and an odd exponent of 65537 to 2^32. The server only ever holds a
//! [`PublicKey`]; a [`PrivateKey`] exists in the command-line client and in tests. [`holds_private_key`]
//! guards the server's inputs.
//!
//! There is no decryption here, so no padding oracle (RUSTSEC-2023-0071 concerns the timing of private
//! operations: they happen on the client, blinded). Pure, but for the operating system's randomness that
//! blinds a signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::CryptoRng;
use rsa::{
    BigUint, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding},
    rand_core::{self, OsRng},
    sha2::{Digest, Sha256},
    traits::PublicKeyParts,
};
use zeroize::Zeroizing;

mod private_material;

pub use private_material::holds_private_key;

/// The key sizes in bits that are accepted.
pub const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The least and the largest public exponent that are accepted, if odd.
const EXPONENTS: [u64; 2] = [65_537, 1 << 32];

/// An RSA public key within the accepted limits. Two are equal if their [`Self::spki_der`] are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: RsaPublicKey,
    der: Vec<u8>,
    pem: String,
}

impl PublicKey {
    /// Reads a PEM `BEGIN PUBLIC KEY` (RFC 7468 section 13); spaces around it are ignored.
    ///
    /// # Errors
    /// [`KeyRefused`] says what is wrong with it.
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyRefused> {
        let key = RsaPublicKey::from_public_key_pem(pem.trim()).map_err(|_| KeyRefused::NotPublic)?;
        Self::within_limits(key)
    }

    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1) of an `rsaEncryption` key.
    ///
    /// # Errors
    /// [`KeyRefused`] says what is wrong with it.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyRefused> {
        let key =
            Self::within_limits(RsaPublicKey::from_public_key_der(der).map_err(|_| KeyRefused::NotPublic)?)?;
        // One key has one encoding, or its fingerprint would not name it.
        if key.der == der { Ok(key) } else { Err(KeyRefused::NotPublic) }
    }

    /// The canonical `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.der
    }

    /// The same as PEM with line feeds.
    #[must_use]
    pub fn spki_pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of [`Self::spki_der`].
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The fingerprint in base64url without padding: 43 characters.
    #[must_use]
    pub fn key_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.fingerprint())
    }

    /// The length of the modulus in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.key.n().bits()
    }

    /// Verifies a signature over a text.
    ///
    /// # Errors
    /// [`SignatureInvalid`], without a reason, for everything else than a good signature.
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        let hashed = Sha256::digest(text);
        self.key.verify(Pkcs1v15Sign::new::<Sha256>(), &hashed, signature).map_err(|_| SignatureInvalid)
    }

    fn within_limits(key: RsaPublicKey) -> Result<Self, KeyRefused> {
        let bits = key.n().bits();
        if !BITS.contains(&bits) {
            return Err(KeyRefused::Size { bits });
        }
        // Oddness of modulus and exponent is checked by the `rsa` crate when it reads or makes a key.
        let [least, most] = EXPONENTS.map(BigUint::from);
        if !(least..=most).contains(key.e()) {
            return Err(KeyRefused::Exponent);
        }
        let document = key.to_public_key_der().map_err(|_| KeyRefused::NotPublic)?;
        let pem = document.to_pem("PUBLIC KEY", LineEnding::LF).map_err(|_| KeyRefused::NotPublic)?;
        Ok(Self { key, der: document.into_vec(), pem })
    }
}

/// An RSA private key within the accepted limits. It is wiped when dropped and has no `Debug`.
pub struct PrivateKey {
    key: RsaPrivateKey,
    public: PublicKey,
}

impl PrivateKey {
    /// A fresh key with exponent 65537.
    ///
    /// # Errors
    /// [`KeyRefused::Size`] if `bits` is out of [`BITS`].
    pub fn generate(bits: usize, rng: &mut impl CryptoRng) -> Result<Self, KeyRefused> {
        if !BITS.contains(&bits) {
            return Err(KeyRefused::Size { bits });
        }
        Self::within_limits(RsaPrivateKey::new(&mut OlderRng(rng), bits).map_err(|_| KeyRefused::NotPrivate)?)
    }

    /// Reads a PEM `BEGIN PRIVATE KEY` (PKCS#8, RFC 7468 section 10); spaces around it are ignored.
    ///
    /// # Errors
    /// [`KeyRefused`] says what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyRefused> {
        Self::within_limits(RsaPrivateKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyRefused::NotPrivate)?)
    }

    /// The key as PEM (PKCS#8, not encrypted) with line feeds.
    ///
    /// # Errors
    /// [`KeyRefused::NotPrivate`], which does not happen for a key that was read or made here.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyRefused> {
        self.key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyRefused::NotPrivate)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a text; the same text gives the same signature.
    ///
    /// The private operation is blinded with the operating system's randomness, which the result does not
    /// depend on: hence no generator is asked for.
    ///
    /// # Errors
    /// [`SigningFailed`] if the result does not verify: a hardware fault, whose output would give the key
    /// away.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let hashed = Sha256::digest(text);
        self.key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<Sha256>(), &hashed).map_err(|_| SigningFailed)
    }

    fn within_limits(key: RsaPrivateKey) -> Result<Self, KeyRefused> {
        let public = PublicKey::within_limits(key.to_public_key())?;
        Ok(Self { key, public })
    }
}

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// Not a public key in the form asked for, or one so large that it is not read.
    #[error("this is not an RSA public key of up to 4096 bits: give it as `openssl pkey -pubout` writes it")]
    NotPublic,
    /// Not a private key in the form asked for.
    #[error(
        "this is not an RSA private key: give the unencrypted `PRIVATE KEY` form, as `openssl pkey` writes it"
    )]
    NotPrivate,
    /// Too short or too long.
    #[error("the key has {bits} bits: use one of {} to {}", BITS.start(), BITS.end())]
    Size {
        /// The length of the modulus.
        bits: usize,
    },
    /// The public exponent is out of range.
    #[error("the key's public exponent is out of range: use 65537")]
    Exponent,
}

/// The signature is not a good one by this key over this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is invalid")]
pub struct SignatureInvalid;

/// The signature just made does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing failed its own check: the machine may be faulty, try again")]
pub struct SigningFailed;

/// Shows one of today's generators to the `rsa` crate, which speaks `rand_core` 0.6.
struct OlderRng<'a, R>(&'a mut R);

impl<R: CryptoRng> rand_core::RngCore for OlderRng<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng> rand_core::CryptoRng for OlderRng<'_, R> {}
