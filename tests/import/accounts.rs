//! Whole exports: every line of them is somewhere, and a second run finds all of it.

use std::path::Path;

use medicrypt::interop::{Report, fhir::Kind};

use crate::{assert_sound, entries, import, rows, sample, support, world};

/// Lines, taken, no metric, for others, refused.
fn told(report: &Report, kind: Kind) -> [u64; 5] {
    [
        report.sum(kind, |file| file.lines),
        report.sum(kind, |file| file.taken),
        report.sum(kind, |file| file.no_metric),
        report.sum(kind, |file| file.for_others),
        report.sum(kind, |file| file.refused),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_hospital_is_accounted_for_and_a_second_run_adds_nothing() {
    for db in support::databases().await {
        let world = world(&db).await;
        let first = import(&world, &sample()).await;
        assert_eq!(told(&first, Kind::Organization), [5, 0, 0, 5, 0], "{db}");
        // The nurse is refused: there is no role here for a nurse.
        assert_eq!(told(&first, Kind::Practitioner), [6, 5, 0, 0, 1], "{db}");
        assert_eq!(told(&first, Kind::PractitionerRole), [6, 0, 0, 5, 1], "{db}");
        assert_eq!(told(&first, Kind::Patient), [72, 72, 0, 0, 0], "{db}");
        assert_eq!(told(&first, Kind::Encounter), [90, 90, 0, 0, 0], "{db}");
        assert_eq!(told(&first, Kind::Condition), [190, 190, 0, 0, 0], "{db}");
        let [lines, taken, no_metric, _, refused] = told(&first, Kind::Observation);
        assert_eq!((lines, taken + no_metric, refused), (418, 418, 0), "{db}");
        assert!(taken > 100 && no_metric > 5, "{db}");
        assert_eq!(told(&first, Kind::MedicationRequest), [120, 120, 0, 0, 0], "{db}");
        assert_sound(&world).await;

        let before = (rows(&world).await, entries(&world).await);
        let second = import(&world, &sample()).await;
        assert_eq!((rows(&world).await, entries(&world).await), before, "{db}");
        assert!(second.files.iter().all(|file| file.taken + file.no_metric == 0), "{db}");
        assert_eq!(second.sum(Kind::Observation, |file| file.already_there), 418, "{db}");
        world.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clinic_is_accounted_for() {
    let clinic = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/clinic");
    if !clinic.exists() {
        return support::skip("the import of the clinic, because ../shared/data/clinic is not there");
    }
    let db = support::sqlite();
    let world = world(&db).await;
    let report = import(&world, &clinic).await;
    assert_eq!(told(&report, Kind::Patient), [934, 934, 0, 0, 0]);
    assert_eq!(told(&report, Kind::Encounter), [1_717, 1_717, 0, 0, 0]);
    assert_eq!(told(&report, Kind::Condition), [3_355, 3_355, 0, 0, 0]);
    assert_eq!(told(&report, Kind::Observation), [24_628, 17_888, 6_740, 0, 0]);
    assert_eq!(told(&report, Kind::MedicationRequest), [4_732, 4_732, 0, 0, 0]);
    // 36 doctors and pharmacists; nurses, technicians and therapists have no role here.
    assert_eq!(told(&report, Kind::Practitioner), [111, 36, 0, 0, 75]);
    let [accounts, patients, relations, records, vitals, medicines, prescriptions] = rows(&world).await;
    assert_eq!((accounts, patients, prescriptions), (36, 934, 4_732));
    assert_eq!(records, 1_717 + 3_355 + 871 + 6_740);
    // 917 are alive and have an age.
    assert_eq!(vitals, 917 + 4_838 + 2 * 2_575 + 2 * 1_678 + 1_447 + 3_514 + 1_287);
    assert!(
        relations > 900 && (100..=109).contains(&medicines),
        "{relations} relations, {medicines} medicines"
    );
    assert_sound(&world).await;
    world.close().await.unwrap();
}
