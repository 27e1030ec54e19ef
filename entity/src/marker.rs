//! What a sealed column holds, by name only. The types have no values and no methods: this crate can say that
//! a column is a sealed diagnosis, and can do nothing else with it. The vault maps each marker to its
//! payload.
//!
//! To add one: name it here, use it in a table's module, give it a payload and a label in the vault.

macro_rules! markers {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $($(#[$doc])* #[derive(Debug)] pub enum $name {})* };
}

markers! {
    /// A user name, as typed at login.
    Username,
    /// An account holder's name.
    PersonName,
    /// A bcrypt hash.
    PasswordHash,
    /// The value of an account's policy attribute.
    AttributeValue,
    /// An administrator's profile.
    AdminDetails,
    /// A doctor's profile.
    DoctorDetails,
    /// A pharmacist's profile.
    PharmacistDetails,
    /// The profile of a patient with an account.
    PatientDetails,
    /// A patient's name, birth date, address and the like.
    Demographics,
    /// A record's policy, category and patient.
    RecordHeader,
    /// A record's clinical content.
    RecordBody,
    /// A measured value.
    VitalValue,
    /// A medicine of the catalogue.
    MedicineBody,
    /// A prescription's policy and patient.
    PrescriptionHeader,
    /// A prescription's drug, quantity, signed text and signature.
    PrescriptionBody,
    /// How much of a prescription is dispensed.
    PrescriptionProgress,
    /// A hand-over's quantity, signed text and signature.
    DispensingBody,
    /// The record a search token leads to.
    SearchPosting,
    /// How many postings a search word has.
    SearchWordState,
    /// Who did what a ledger leaf tells.
    LedgerActor,
    /// The rest of what a ledger leaf tells.
    LedgerDetails,
    /// A statistical question.
    ReleaseParameters,
    /// A noisy answer.
    ReleaseAnswer,
    /// A Paillier ciphertext of a sum.
    StatisticSum,
}
