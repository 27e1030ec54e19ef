//! What can't be taken is named by file, line and reason, and stops nothing.

use std::{fs, sync::Mutex};

use medicrypt::interop::{self, Progress, Refusal};
use sea_orm::EntityTrait as _;
use serde_json::json;

use crate::{assert_sound, export, import, rows, support, world};

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_line_is_named_and_the_others_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let staff = [
        export::doctor("dr-a", "a@staff.example", "A"),
        export::doctor("dr-b", "a@staff.example", "B"),
        export::doctor("nurse", "n@staff.example", "N"),
        export::doctor("dr-c", "spaced out@staff.example", "C"),
    ];
    export::write(folder, "Practitioner", staff);
    let roles = ["dr-a", "dr-b", "dr-c"].map(|id| export::role(id, "doctor", "none"));
    export::write(
        folder,
        "PractitionerRole",
        roles.into_iter().chain([export::role("nurse", "nurse", "none")]),
    );
    export::write(folder, "Patient", [export::patient("p"), json!("SECRET"), export::patient("p")]);
    let at = "2026-02-20T10:01:00Z";
    let visits = [
        export::encounter("e", "p", "dr-a", at),
        export::encounter("e-2", "stranger", "dr-a", at),
        export::encounter("e-3", "p", "nurse", at),
    ];
    export::write(folder, "Encounter", visits);
    let mut lost = export::finding("o-2", "p", "SECRET", "SECRET");
    lost["encounter"] = json!({ "reference": "Encounter/gone" });
    let observations = [
        export::heart_rate("o-1", "p", 4_000),
        lost,
        export::heart_rate("o-3", "stranger", 70),
        export::heart_rate("o-4", "p", 70),
    ];
    export::write(folder, "Observation", observations);
    let medications = [Some("dr-a"), Some("nurse"), None]
        .map(|who| export::medication(&format!("m-{}", who.unwrap_or("none")), "p", who));
    export::write(folder, "MedicationRequest", medications);
    fs::write(folder.join("Claim.ndjson"), "{}\n").unwrap();

    for db in support::databases().await {
        let world = world(&db).await;
        let report = import(&world, folder).await;
        let told: Vec<String> =
            report.files.iter().flat_map(|file| &file.refusals).map(Refusal::to_string).collect();
        let gone = "who is not here: import `Practitioner` with it, or see why they were refused";
        let no_patient = "refers to a patient who is not here: import `Patient` with it, or see why the patient was refused";
        let expected = [
            "Practitioner.ndjson:2: Practitioner/dr-b has an e-mail address, or else an id, that is somebody's user name here: give it another".to_owned(),
            "Practitioner.ndjson:3: Practitioner/nurse is neither doctor nor pharmacist by an active PractitionerRole: other staff have no accounts here".to_owned(),
            "Practitioner.ndjson:4: Practitioner/dr-c cannot have an account: a user name has no spaces and no invisible characters".to_owned(),
            format!("PractitionerRole.ndjson:2: PractitionerRole/role-dr-b refers to a practitioner {gone}"),
            format!("PractitionerRole.ndjson:3: PractitionerRole/role-dr-c refers to a practitioner {gone}"),
            format!("PractitionerRole.ndjson:4: PractitionerRole/role-nurse refers to a practitioner {gone}"),
            "Patient.ndjson:2: has a field of the wrong type near column 8: see FHIR R4 for its type".to_owned(),
            "Patient.ndjson:3: Patient/p appears twice in this file: keep one".to_owned(),
            format!("Encounter.ndjson:2: Encounter/e-2 {no_patient}"),
            "Observation.ndjson:1: Observation/o-1 is not accepted: heart rate must lie between 0 and 300 /min: correct the value".to_owned(),
            "Observation.ndjson:2: Observation/o-2 refers to an encounter that is not here: import `Encounter` with it, or see why it was refused".to_owned(),
            format!("Observation.ndjson:3: Observation/o-3 {no_patient}"),
            format!("MedicationRequest.ndjson:2: MedicationRequest/m-nurse refers to a practitioner {gone}"),
            "MedicationRequest.ndjson:3: MedicationRequest/m-none names no practitioner as `requester`: add who prescribed it".to_owned(),
        ];
        assert_eq!(told, expected, "{db}");
        assert_eq!(report.left_out, ["Claim.ndjson"], "{db}");
        // One account, patient and relation; two visits; the age and the pulse; the drug and its prescription.
        assert_eq!(rows(&world).await, [1, 1, 1, 2, 2, 1, 1], "{db}");
        assert_sound(&world).await;
        world.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_taken_once_it_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let db = support::sqlite();
    let world = world(&db).await;
    export::write(folder.path(), "Observation", [export::heart_rate("o", "p", 70)]);
    assert_eq!(import(&world, folder.path()).await.files[0].refused, 1);
    export::write(folder.path(), "Patient", [export::patient("p")]);
    let report = import(&world, folder.path()).await;
    assert_eq!(report.files.iter().map(|file| file.taken).collect::<Vec<_>>(), [1, 1]);
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_patient_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = support::sqlite();
    let world = world(&db).await;
    export::write(folder.path(), "Patient", [export::patient("p")]);
    import(&world, folder.path()).await;
    entity::keystore::patient_key::Entity::delete_many().exec(world.store.keys()).await.unwrap();
    export::write(folder.path(), "Observation", [export::heart_rate("o", "p", 70)]);
    let report = import(&world, folder.path()).await;
    assert_eq!((report.files[0].already_there, report.files[1].refused), (1, 1));
    assert!(report.files[1].refusals[0].reason.contains("erased"));
    world.close().await.unwrap();
}

/// What a progress bar hears.
#[derive(Default)]
struct Heard(Mutex<(u64, u64, u64, Vec<String>)>);

impl Progress for Heard {
    fn begin(&self, _: &str, bytes: u64) {
        self.0.lock().unwrap().0 += bytes;
    }

    fn advance(&self, bytes: u64, lines: u64) {
        let mut heard = self.0.lock().unwrap();
        (heard.1, heard.2) = (heard.1 + bytes, heard.2 + lines);
    }

    fn refused(&self, refusal: &Refusal) {
        self.0.lock().unwrap().3.push(refusal.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_bar_hears_of_every_byte_line_and_refusal() {
    let folder = tempfile::tempdir().unwrap();
    export::write(folder.path(), "Patient", (0..900).map(|n| export::patient(&format!("p{}", n % 899))));
    let db = support::sqlite();
    let world = world(&db).await;
    let heard = Heard::default();
    interop::import(&world, folder.path(), &heard).await.unwrap();
    let (of, bytes, lines, refused) = heard.0.into_inner().unwrap();
    assert_eq!((bytes, lines), (of, 900));
    assert_eq!(refused, ["Patient.ndjson:900: Patient/p0 appears twice in this file: keep one"]);
    world.close().await.unwrap();
}
