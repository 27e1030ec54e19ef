//! Reads whole exports from the disk: the clinic (where it is at hand) and our own sample hospital. No line is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use medicrypt::clinic::metric::Metric;
use medicrypt::interop::fhir::item::{ConditionCategory, Item, ObservationKind};
use medicrypt::interop::fhir::{Kind, Reason, SourceFile, files, read};

/// How many of what a folder gives, by what [`name`] calls it.
type Census = BTreeMap<String, usize>;

fn census(folder: &Path) -> Census {
    let mut census = Census::new();
    for file in files(folder).expect("a folder with an export").files {
        let mut items = 0;
        for outcome in read(&file) {
            items += 1;
            let (_, item) = outcome.unwrap_or_else(|refused| panic!("a clean export, yet {refused}"));
            for name in names(&item) {
                *census.entry(name).or_default() += 1;
            }
        }
        assert_eq!(items, lines(&file), "items of {} against its lines", file.name());
    }
    census
}

/// Counts lines without any code of ours.
fn lines(file: &SourceFile) -> usize {
    let plain = File::open(&file.path).unwrap();
    let source: Box<dyn Read> =
        if file.compressed { Box::new(GzDecoder::new(plain)) } else { Box::new(plain) };
    BufReader::new(source).lines().filter(|line| !line.as_ref().unwrap().trim().is_empty()).count()
}

fn names(item: &Item) -> Vec<String> {
    let one = |name: &str| vec![name.to_owned()];
    match item {
        Item::Organization(_) => one("organization"),
        Item::Practitioner(_) => one("practitioner"),
        Item::PractitionerRole(_) => one("role"),
        Item::Patient(patient) if patient.deceased => one("patient, deceased"),
        Item::Patient(_) => one("patient"),
        Item::Encounter(_) => one("encounter"),
        Item::Condition(condition) if condition.category == ConditionCategory::ProblemList => one("problem"),
        Item::Condition(_) => one("diagnosis"),
        Item::Observation(observation) => match &observation.kind {
            ObservationKind::Vitals { readings, .. } => {
                readings.iter().map(|reading| reading.metric.name().to_owned()).collect()
            }
            ObservationKind::SmokingStatus(_) => one("smoking status"),
            ObservationKind::NoMetric { .. } => one("no metric"),
        },
        Item::Medication(_) => one("medication"),
    }
}

#[test]
fn the_clinic_is_read_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/clinic");
    if !folder.exists() {
        eprintln!(
            "SKIPPED: there is no clinic at ../shared/data/clinic, so its 36 000 resources were not read"
        );
        return;
    }
    let expected = [
        ("organization", 21),
        ("practitioner", 111),
        ("role", 111),
        ("patient", 917),
        ("patient, deceased", 17),
        ("encounter", 1_717),
        ("problem", 3_179),
        ("diagnosis", 176),
        ("heart rate", 4_838),
        ("systolic blood pressure", 2_575),
        ("diastolic blood pressure", 2_575),
        ("body weight", 1_678),
        ("body height", 1_678),
        ("body temperature", 1_447),
        ("oxygen saturation", 3_514),
        ("respiratory rate", 1_287),
        ("smoking status", 871),
        ("no metric", 6_740),
        ("medication", 4_732),
    ];
    assert_eq!(census(&folder), expected.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn the_sample_hospital_is_read_whole_and_shows_every_kind_of_thing() {
    let census = census(&sample());
    let metrics = Metric::ALL.into_iter().filter(|metric| *metric != Metric::Age).map(Metric::name);
    let others = ["organization", "practitioner", "role", "patient", "encounter", "problem", "diagnosis"];
    for name in metrics.chain(others).chain(["smoking status", "no metric", "medication"]) {
        assert!(census.get(name).is_some_and(|count| *count > 0), "the sample has no {name}");
    }
}

#[test]
fn the_sample_hospital_refers_to_nothing_that_it_does_not_hold() {
    let (mut held, mut wanted) = (HashSet::new(), Vec::new());
    for file in files(&sample()).unwrap().files {
        for outcome in read(&file) {
            let (_, item) = outcome.unwrap_or_else(|refused| panic!("{refused}"));
            let (id, links) = links(&item);
            held.insert((file.kind, id));
            wanted.extend(links);
        }
    }
    assert!(wanted.len() > 200, "the test follows references");
    for (kind, id) in wanted {
        assert!(held.contains(&(kind, id.clone())), "{}/{id} is missing", kind.name());
    }
}

#[test]
fn a_file_that_is_gone_says_so_instead_of_looking_empty() {
    let path = sample().join("Patient.gone.ndjson");
    let file = SourceFile { kind: Kind::Patient, path, compressed: false, bytes: 0 };
    let outcomes: Vec<_> = read(&file).map(|outcome| outcome.err().unwrap()).collect();
    assert_eq!(outcomes.len(), 1);
    assert!(matches!(outcomes[0].reason, Reason::Unreadable(std::io::ErrorKind::NotFound)));
}

fn sample() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hospital")
}

type Link = (Kind, String);

fn links(item: &Item) -> (String, Vec<Link>) {
    let mut links = Vec::new();
    let mut add = |kind, id: Option<&String>| links.extend(id.map(|id| (kind, id.clone())));
    let id = match item {
        Item::Organization(it) => {
            add(Kind::Organization, it.part_of.as_ref());
            &it.source_id
        }
        Item::Practitioner(it) => &it.source_id,
        Item::PractitionerRole(it) => {
            add(Kind::Practitioner, Some(&it.practitioner));
            add(Kind::Organization, it.organization.as_ref());
            &it.source_id
        }
        Item::Patient(it) => &it.source_id,
        Item::Encounter(it) => {
            add(Kind::Patient, Some(&it.patient));
            add(Kind::Organization, it.department.as_ref());
            it.diagnoses.iter().for_each(|diagnosis| add(Kind::Condition, Some(&diagnosis.condition)));
            it.participants.iter().for_each(|who| add(Kind::Practitioner, Some(&who.practitioner)));
            &it.source_id
        }
        Item::Condition(it) => {
            add(Kind::Patient, Some(&it.patient));
            add(Kind::Encounter, it.encounter.as_ref());
            &it.source_id
        }
        Item::Observation(it) => {
            add(Kind::Patient, Some(&it.patient));
            add(Kind::Encounter, it.encounter.as_ref());
            &it.source_id
        }
        Item::Medication(it) => {
            add(Kind::Patient, Some(&it.patient));
            add(Kind::Encounter, it.encounter.as_ref());
            add(Kind::Practitioner, it.requester.as_ref());
            &it.source_id
        }
    };
    (id.clone(), links)
}
