//! The one enum of public error codes, and the one translation into it. No internal text gets past this file.

use async_graphql::{Enum, ErrorExtensions as _};

use crate::{
    access::{AccessError, Refusal},
    clinic::ClinicError,
    identity::IdentityError,
    keyring::KeyringError,
    ledger::LedgerError,
    statistics::StatisticsError,
};

/// What a resolver answers.
pub type Answer<T> = Result<T, Refused>;

/// Whether and when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Retry {
    /// Not as it is: the input or the right is wrong.
    Never,
    /// After reading what has changed.
    AfterReread,
    /// After logging in.
    AfterLogin,
    /// Later, unchanged: with the same idempotency key nothing happens twice.
    Later,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal retry $retry:ident;)*) => {
        /// Why a request was refused: `extensions.code` of the error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[graphql(name = $text)] $variant,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As in `extensions.code`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether and when to try again: `extensions.retry`.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }

            /// What it means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)* }
            }
        }
    };
}

codes! {
    /// No session, or one that has ended.
    Unauthenticated = "UNAUTHENTICATED" retry AfterLogin;
    /// User name, password, key or challenge is wrong; which, is not told.
    InvalidCredentials = "INVALID_CREDENTIALS" retry Never;
    /// User name or enrolment code is wrong, used or expired.
    EnrolmentRefused = "ENROLMENT_REFUSED" retry Never;
    /// Too many attempts failed; `extensions.retryAfterSeconds` says when.
    TooManyAttempts = "TOO_MANY_ATTEMPTS" retry Later;
    /// The role may not do this. The denial is in the ledger.
    Forbidden = "FORBIDDEN" retry Never;
    /// Not there, or not yours to know of.
    NotFound = "NOT_FOUND" retry Never;
    /// You do not treat this patient, or there is no such patient.
    NoCareRelation = "NO_CARE_RELATION" retry Never;
    /// A field of the input is not as it must be; the message says which.
    InputInvalid = "INPUT_INVALID" retry Never;
    /// The user name is taken.
    UsernameTaken = "USERNAME_TAKEN" retry Never;
    /// The password does not meet the policy.
    PasswordRefused = "PASSWORD_REFUSED" retry Never;
    /// The public key does not meet the policy.
    KeyRefused = "KEY_REFUSED" retry Never;
    /// The public key is or was somebody's.
    KeyInUse = "KEY_IN_USE" retry Never;
    /// An argument holds a private key. It was not logged; replace the key.
    PrivateKeyRefused = "PRIVATE_KEY_REFUSED" retry Never;
    /// The signature does not fit the text that the server rebuilt.
    SignatureInvalid = "SIGNATURE_INVALID" retry Never;
    /// The prescriber's key was not valid when the prescription was issued, or was revoked for it since.
    KeyNotValid = "KEY_NOT_VALID" retry Never;
    /// This signed text was used before.
    SignedContentReplay = "SIGNED_CONTENT_REPLAY" retry Never;
    /// The draft was used, or its 15 minutes are over.
    DraftClosed = "DRAFT_CLOSED" retry Never;
    /// No medicine has this code.
    UnknownMedicine = "UNKNOWN_MEDICINE" retry Never;
    /// The prescription was never issued here.
    NotIssued = "NOT_ISSUED" retry Never;
    /// The prescription was dispensed already.
    AlreadyDispensed = "ALREADY_DISPENSED" retry Never;
    /// More than is left; `extensions.left` says how much is.
    QuantityExceeded = "QUANTITY_EXCEEDED" retry AfterReread;
    /// The prescription has expired.
    Expired = "EXPIRED" retry Never;
    /// The prescription was cancelled.
    Cancelled = "CANCELLED" retry Never;
    /// The idempotency key was used with other input.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED" retry Never;
    /// The privacy budget has no room for this question.
    BudgetExhausted = "BUDGET_EXHAUSTED" retry Never;
    /// The cohort is too small to be answered about.
    CohortTooSmall = "COHORT_TOO_SMALL" retry Never;
    /// The answer would be mostly noise at this price.
    TooNoisy = "TOO_NOISY" retry Never;
    /// No epoch is closed yet, so there is nothing to answer from.
    NoClosedEpoch = "NO_CLOSED_EPOCH" retry Later;
    /// The decryptor does not answer. The question is charged once and answered when asked again.
    DecryptorUnavailable = "DECRYPTOR_UNAVAILABLE" retry Later;
    /// Somebody else changed the same thing first.
    ConflictRetry = "CONFLICT_RETRY" retry AfterReread;
    /// A row was changed behind the server's back. Tell the administrator.
    IntegrityViolation = "INTEGRITY_VIOLATION" retry Never;
    /// The access could not be recorded, so nothing was shown or changed.
    AuditUnavailable = "AUDIT_UNAVAILABLE" retry Later;
    /// Too much is waiting.
    Overloaded = "OVERLOADED" retry Later;
    /// The server failed. Nothing was half-written.
    Internal = "INTERNAL" retry Later;
}

/// A refusal as the client sees it.
#[derive(Clone, Debug)]
pub struct Refused {
    code: ErrorCode,
    message: String,
    more: Vec<(&'static str, i64)>,
}

impl Refused {
    /// A refusal with a message for people. The message must hold no personal data and no internal text.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), more: Vec::new() }
    }

    /// The server failed; nothing more is said.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "the server failed; nothing was half-written")
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    fn with(mut self, name: &'static str, value: i64) -> Self {
        self.more.push((name, value));
        self
    }
}

impl From<Refused> for async_graphql::Error {
    fn from(refused: Refused) -> Self {
        Self::new(refused.message).extend_with(|_, extensions| {
            extensions.set("code", refused.code.text());
            extensions.set(
                "retry",
                async_graphql::Value::Enum(async_graphql::Name::new(retry_text(refused.code.retry()))),
            );
            for (name, value) in refused.more {
                extensions.set(name, value);
            }
        })
    }
}

fn retry_text(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "NEVER",
        Retry::AfterReread => "AFTER_REREAD",
        Retry::AfterLogin => "AFTER_LOGIN",
        Retry::Later => "LATER",
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        let code = match &error {
            LedgerError::Integrity(_) | LedgerError::Broken(_) => ErrorCode::IntegrityViolation,
            LedgerError::Conflict => ErrorCode::ConflictRetry,
            LedgerError::Overloaded => ErrorCode::Overloaded,
            LedgerError::Keyring(KeyringError::NoPatientKey) => ErrorCode::NotFound,
            LedgerError::Batch(inner) if matches!(**inner, LedgerError::Broken(_)) => {
                ErrorCode::IntegrityViolation
            }
            _ => ErrorCode::AuditUnavailable,
        };
        tracing::warn!(%error, code = code.text(), "refused");
        Self::new(
            code,
            match code {
                ErrorCode::IntegrityViolation => {
                    "a row was changed behind the server's back: tell the administrator"
                }
                ErrorCode::ConflictRetry => {
                    "somebody else changed the same thing first: read it again and retry"
                }
                ErrorCode::Overloaded => "too much is waiting: retry in a second",
                ErrorCode::NotFound => "there is no such thing, or none that you may see",
                _ => "the access could not be recorded, so nothing was shown or changed: retry later",
            },
        )
    }
}

impl From<KeyringError> for Refused {
    fn from(error: KeyringError) -> Self {
        LedgerError::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Refused {
    fn from(error: sea_orm::DbErr) -> Self {
        tracing::error!(%error, "the database failed");
        Self::internal()
    }
}

impl From<AccessError> for Refused {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Denied(Refusal::Forbidden) => Self::new(ErrorCode::Forbidden, "you may not do this"),
            AccessError::Denied(Refusal::NotFound) => {
                Self::new(ErrorCode::NotFound, "there is no such thing, or none that you may see")
            }
            AccessError::Denied(Refusal::NoCareRelation) => Self::new(
                ErrorCode::NoCareRelation,
                "you do not treat this patient, or there is no such patient",
            ),
            AccessError::Unrecorded(error) => error.into(),
            AccessError::Keyring(error) => error.into(),
        }
    }
}

impl From<IdentityError> for Refused {
    fn from(error: IdentityError) -> Self {
        let code = match &error {
            IdentityError::Ledger(_) => None,
            other => ErrorCode::ALL.iter().copied().find(|code| code.text() == other.code()),
        };
        match (error, code) {
            (IdentityError::Ledger(error), _) => error.into(),
            (IdentityError::TooManyAttempts { retry_seconds }, Some(code)) => {
                Self::new(code, format!("too many failed attempts: try again in {retry_seconds} s"))
                    .with("retryAfterSeconds", retry_seconds)
            }
            (error, Some(code)) => Self::new(code, error.to_string()),
            (_, None) => Self::internal(),
        }
    }
}

impl From<ClinicError> for Refused {
    fn from(error: ClinicError) -> Self {
        let code = match error {
            ClinicError::Access(error) => return error.into(),
            ClinicError::Ledger(error) => return error.into(),
            ClinicError::Keyring(error) => return error.into(),
            ClinicError::Identity(error) => return error.into(),
            ClinicError::QuantityExceeded { left } => {
                return Self::new(ErrorCode::QuantityExceeded, format!("only {left} are left to dispense"))
                    .with("left", left.into());
            }
            ClinicError::NotFound => ErrorCode::NotFound,
            ClinicError::Signature(_) => ErrorCode::SignatureInvalid,
            ClinicError::KeyNotValid => ErrorCode::KeyNotValid,
            ClinicError::AlreadyDispensed => ErrorCode::AlreadyDispensed,
            ClinicError::Expired => ErrorCode::Expired,
            ClinicError::Cancelled => ErrorCode::Cancelled,
            ClinicError::NotIssued => ErrorCode::NotIssued,
            ClinicError::DraftClosed => ErrorCode::DraftClosed,
            ClinicError::Replay => ErrorCode::SignedContentReplay,
            ClinicError::IdempotencyKeyReused => ErrorCode::IdempotencyKeyReused,
            ClinicError::UnknownMedicine(_) => ErrorCode::UnknownMedicine,
            ClinicError::Input { .. } => ErrorCode::InputInvalid,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StatisticsError> for Refused {
    fn from(error: StatisticsError) -> Self {
        match (error.code(), error) {
            (_, StatisticsError::Ledger(error)) => error.into(),
            (code, error) => match ErrorCode::ALL.iter().copied().find(|known| known.text() == code) {
                Some(code) => Self::new(code, error.to_string()),
                None => Self::internal(),
            },
        }
    }
}
