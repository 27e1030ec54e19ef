//! The cryptography of MediCrypt, pure: no I/O, no async, no database, no clock; randomness is a parameter.
//!
//! A crate of its own, so that the compiler keeps it pure, and so that its generic code is optimised in debug builds too.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`encoding`] | one unambiguous byte text for several values | |
//! | [`key`], [`kdf`] | keys and where they come from | RFC 5869, RFC 8018 |
//! | [`envelope`] | sealed columns | RFC 7518 5.2.5 |
//! | [`mac`] | tags and look-ups | RFC 2104 |
//! | [`password`] | bcrypt and the rules for passwords | NIST SP 800-63B |
//! | [`canonical`], [`signed_text`], [`signature`] | what people sign | RFC 8785, RFC 8017 |
//! | [`merkle`], [`checkpoint`] | the ledger's tree and its signed head | RFC 6962, C2SP |
//! | [`paillier`] | encrypted statistics | Paillier 1999, Damgård-Jurik-Nielsen 2010 |

pub mod canonical;
pub mod checkpoint;
pub mod encoding;
pub mod envelope;
pub mod kdf;
pub mod key;
pub mod mac;
pub mod merkle;
pub mod paillier;
pub mod password;
pub mod signature;
pub mod signed_text;
