//! What to open, whom to be, what to try.

use std::path::Path;

use super::{
    KEYS,
    people::{self, ADMIN, CARDIOLOGIST, PATIENT, PHARMACIST, Person},
};

/// The whole story by script, where this is run from the sources.
const STORY: &str = "examples/story.sh";

/// The text for a server that listens there.
pub(super) fn text(listen: &str) -> String {
    let program = program();
    let people: Vec<String> = people::ALL.iter().map(|person| introduced(person)).collect();
    let login = |person: &Person| login(person, &program, listen);
    let story = if Path::new(STORY).exists() {
        format!(
            "the whole story in one go:\n        MEDICRYPT={program} {STORY} {listen}\n\n        or step by step, "
        )
    } else {
        String::new()
    };
    format!(
        "
MediCrypt demo: passwords and keys are public, nothing here is for real patients.

Open    http://{listen}/graphql speaks GraphQL

Be      {people}

Try     in another terminal, {story}the doctor:
        {doctor}
        {program} doctor patients
        {program} doctor open PATIENT
        {program} doctor prescribe PATIENT --medicine ATOR20 --quantity 30 --dosage '1 at night'

        the pharmacist:
        {pharmacist}
        {program} pharmacist queue
        {program} pharmacist verify PRESCRIPTION
        {program} pharmacist dispense PRESCRIPTION
        {program} pharmacist dispense PRESCRIPTION --quantity 1      (refused: ALREADY_DISPENSED)

        the patient:
        {patient}
        {program} patient records
        {program} patient access-log

        the administrator:
        {admin}
        {program} admin verify-log
        {program} admin mean SYSTOLIC --epsilon-milli 500

Stop    Ctrl-C. `{program} demo` goes on where it was, `{program} demo --fresh` begins again.
",
        people = people.join("\n        "),
        doctor = login(&CARDIOLOGIST),
        pharmacist = login(&PHARMACIST),
        patient = login(&PATIENT),
        admin = login(&ADMIN),
    )
}

fn introduced(person: &Person) -> String {
    let Person { role, username, password, name } = person;
    format!(
        "{role:10}  {name:16}  {username:27}  {password:11}  {}",
        person.key_file(Path::new(KEYS)).display()
    )
}

fn login(person: &Person, program: &str, listen: &str) -> String {
    let Person { username, password, .. } = person;
    let key = person.key_file(Path::new(KEYS));
    format!(
        "echo '{password}' | {program} login --server http://{listen} --username {username} --password-stdin --key {}",
        key.display()
    )
}

/// This program as it can be called from here.
fn program() -> String {
    let (here, program) = (std::env::current_dir().ok(), std::env::current_exe().ok());
    let below = here
        .zip(program)
        .and_then(|(here, program)| Some(program.strip_prefix(here).ok()?.display().to_string()));
    below.unwrap_or_else(|| "medicrypt".to_owned())
}
