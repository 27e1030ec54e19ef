//! Signed checkpoints of the ledger: C2SP `tlog-checkpoint`, carried by a C2SP `signed-note` with Ed25519.
//!
//! ```text
//! hospital.example/ledger            origin, also the name of the key
//! 4711                               tree size
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2…  root hash, base64
//!
//! — hospital.example/ledger Az3grl…  base64 of key id (4 bytes) and signature (64 bytes)
//! ```
//!
//! Witnesses may add signature lines of their own; lines by keys we were not asked about are skipped, as the
//! specification wants. Pure: touches nothing but its arguments.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The algorithm byte of Ed25519 in signed-note keys.
const ED25519: u8 = 0x01;
/// Longer notes are not looked at. A checkpoint with a dozen witnesses is near 2 KB.
const MAX_NOTE: usize = 64 * 1024;

/// The Ed25519 key that signs checkpoints. It is wiped when dropped and has no `Debug`.
pub struct CheckpointKey(SigningKey);

impl CheckpointKey {
    /// A fresh key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }

    /// The key with this seed (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The secret seed, for sealing it.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key as signed-note writes it: `origin+key id+base64(0x01 || public key)`.
    #[must_use]
    pub fn vkey(&self, origin: &str) -> String {
        let public = self.0.verifying_key();
        let id = u32::from_be_bytes(key_id(origin, &public));
        let material = STANDARD.encode([&[ED25519], public.as_bytes().as_slice()].concat());
        format!("{origin}+{id:08x}+{material}")
    }

    /// The signed checkpoint of a tree.
    ///
    /// The origin must satisfy [`check_origin`]: do that where the configuration is read. Under any other the
    /// checkpoint would be one that [`verify`] refuses.
    #[must_use]
    pub fn sign(&self, origin: &str, size: u64, root: [u8; 32]) -> String {
        self.sign_note(origin, &format!("{origin}\n{size}\n{}\n", STANDARD.encode(root)))
    }

    fn sign_note(&self, name: &str, text: &str) -> String {
        let id = key_id(name, &self.0.verifying_key());
        let signature = self.0.sign(text.as_bytes()).to_bytes();
        format!("{text}\n— {name} {}\n", STANDARD.encode([&id, signature.as_slice()].concat()))
    }
}

/// What a verified checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many leaves its tree has.
    pub size: u64,
    /// The RFC 6962 root of that tree.
    pub root: [u8; 32],
}

/// Why a checkpoint, a verifier key or an origin was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointRefused {
    /// The origin is empty, too long, or has spaces, control characters or a plus sign.
    #[error("an origin is a name like `hospital.example/ledger`: 1 to 255 bytes without spaces and `+`")]
    Origin,
    /// The verifier key is malformed, its key id is wrong, or it is not an Ed25519 key.
    #[error("the verifier key is not of the form `origin+key id+base64` for Ed25519")]
    VerifierKey,
    /// The note is malformed.
    #[error("this is not a signed note: expected a text, a blank line and signature lines")]
    Note,
    /// The note is signed, but its text is no checkpoint.
    #[error("the signed text is not a checkpoint: expected origin, tree size and root hash, a line each")]
    Body,
    /// No signature line by the given key.
    #[error("the checkpoint is not signed by this key")]
    NotSigned,
    /// A signature by the given key that does not verify.
    #[error("the checkpoint's signature is invalid")]
    Signature,
    /// The checkpoint names another log than the key does.
    #[error("the checkpoint belongs to another log than the key")]
    OtherLog,
}

/// Whether a name can be a log's origin, which is also its key's name.
///
/// # Errors
/// [`CheckpointRefused::Origin`].
pub fn check_origin(origin: &str) -> Result<(), CheckpointRefused> {
    let harmless = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    let good = (1..=255).contains(&origin.len()) && origin.chars().all(harmless);
    good.then_some(()).ok_or(CheckpointRefused::Origin)
}

/// Verifies a signed checkpoint under a key in [`CheckpointKey::vkey`]'s form.
///
/// # Errors
/// [`CheckpointRefused`]: every reason other than a good signature, by this key, over a well-formed
/// checkpoint of the log that the key names.
pub fn verify(note: &str, vkey: &str) -> Result<Checkpoint, CheckpointRefused> {
    let (name, key) = parse_vkey(vkey)?;
    let checkpoint = parse_body(open(note, name, &key)?)?;
    if checkpoint.origin != name {
        return Err(CheckpointRefused::OtherLog);
    }
    Ok(checkpoint)
}

/// The first four bytes of `SHA-256(name || 0x0A || 0x01 || public key)`.
fn key_id(name: &str, public: &VerifyingKey) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public.as_bytes());
    let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
    [a, b, c, d]
}

fn parse_vkey(vkey: &str) -> Result<(&str, VerifyingKey), CheckpointRefused> {
    let refused = CheckpointRefused::VerifierKey;
    // The base64 part may hold plus signs of its own; the name may not.
    let mut parts = vkey.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refused);
    };
    check_origin(name).map_err(|_| refused)?;
    let material = STANDARD.decode(material).map_err(|_| refused)?;
    let Some((&ED25519, public)) = material.split_first() else { return Err(refused) };
    let public = VerifyingKey::try_from(public).map_err(|_| refused)?;
    if id != format!("{:08x}", u32::from_be_bytes(key_id(name, &public))) {
        return Err(refused);
    }
    Ok((name, public))
}

/// The note's text, if one signature line is by this key and every line that claims to be is good.
fn open<'a>(note: &'a str, name: &str, key: &VerifyingKey) -> Result<&'a str, CheckpointRefused> {
    if note.len() > MAX_NOTE || note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(CheckpointRefused::Note);
    }
    // The last blank line separates; the text is signed with its final newline and without the blank line.
    let separator = note.rfind("\n\n").ok_or(CheckpointRefused::Note)?;
    let (text, lines) = (&note[..=separator], &note[separator + 2..]);
    let lines = lines.strip_suffix('\n').ok_or(CheckpointRefused::Note)?;
    let mut found = false;
    for line in lines.split('\n') {
        let (signer, signature) =
            line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or(CheckpointRefused::Note)?;
        check_origin(signer).map_err(|_| CheckpointRefused::Note)?;
        let bytes = STANDARD.decode(signature).map_err(|_| CheckpointRefused::Note)?;
        let (id, signature) = bytes.split_first_chunk().ok_or(CheckpointRefused::Note)?;
        if signer == name && *id == key_id(name, key) {
            let signature = Signature::from_slice(signature).map_err(|_| CheckpointRefused::Signature)?;
            key.verify_strict(text.as_bytes(), &signature).map_err(|_| CheckpointRefused::Signature)?;
            found = true;
        }
    }
    if found { Ok(text) } else { Err(CheckpointRefused::NotSigned) }
}

/// Reads the three lines; lines after them are extensions, which the specification lets a reader ignore.
fn parse_body(text: &str) -> Result<Checkpoint, CheckpointRefused> {
    let refused = CheckpointRefused::Body;
    let mut lines = text.strip_suffix('\n').ok_or(refused)?.split('\n');
    let (Some(origin), Some(decimal), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(refused);
    };
    let size: u64 = decimal.parse().map_err(|_| refused)?;
    let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok()).ok_or(refused)?;
    // Comparing with the number written back refuses signs and leading zeros, which `parse` lets through.
    if origin.is_empty() || size.to_string() != decimal || lines.any(str::is_empty) {
        return Err(refused);
    }
    Ok(Checkpoint { origin: origin.to_owned(), size, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Go package `golang.org/x/mod/sumdb/note`.
    const GO_SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                           then you don't know what your problem is.\n";
    const GO_SIGNATURE: &str = "— PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    /// A checkpoint of the Go checksum database, whose origin is not its key's name.
    const SUMDB_VKEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    const SUMDB_NOTE: &str = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    fn go_key() -> CheckpointKey {
        // The published signer key is `0x01 || seed`; the constant above leaves the first byte out.
        CheckpointKey::from_seed(&STANDARD.decode(GO_SEED).unwrap().try_into().unwrap())
    }

    #[test]
    fn the_go_example_is_signed_byte_for_byte() {
        assert_eq!(go_key().vkey("PeterNeumann"), GO_VKEY);
        assert_eq!(go_key().sign_note("PeterNeumann", GO_TEXT), format!("{GO_TEXT}\n{GO_SIGNATURE}"));
    }

    #[test]
    fn the_go_example_opens_and_is_not_a_checkpoint() {
        let note = format!("{GO_TEXT}\n{GO_SIGNATURE}");
        let (name, key) = parse_vkey(GO_VKEY).unwrap();
        assert_eq!(open(&note, name, &key), Ok(GO_TEXT));
        assert_eq!(verify(&note, GO_VKEY), Err(CheckpointRefused::Body));
    }

    #[test]
    fn a_checkpoint_of_the_go_checksum_database_verifies() {
        let (name, key) = parse_vkey(SUMDB_VKEY).unwrap();
        let checkpoint = parse_body(open(SUMDB_NOTE, name, &key).unwrap()).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("go.sum database tree", 20_852_163));
        assert_eq!(STANDARD.encode(checkpoint.root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
        assert_eq!(verify(SUMDB_NOTE, SUMDB_VKEY), Err(CheckpointRefused::OtherLog));
    }
}
