//! Signed checkpoints: what verifies and what is refused. Known answers are beside the code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use medicrypt_crypto::checkpoint::{Checkpoint, CheckpointKey, CheckpointRefused, check_origin, verify};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

const ORIGIN: &str = "hospital.example/ledger";

fn key(seed: u64) -> CheckpointKey {
    CheckpointKey::generate(&mut StdRng::seed_from_u64(seed))
}

#[test]
fn a_checkpoint_verifies_under_its_own_key_only() {
    let note = key(1).sign(ORIGIN, 4711, [7; 32]);
    let expected = Checkpoint { origin: ORIGIN.to_owned(), size: 4711, root: [7; 32] };
    assert_eq!(verify(&note, &key(1).vkey(ORIGIN)), Ok(expected));
    assert_eq!(verify(&note, &key(2).vkey(ORIGIN)), Err(CheckpointRefused::NotSigned));
    assert_eq!(verify(&note, &key(1).vkey("other.example")), Err(CheckpointRefused::NotSigned));
}

#[test]
fn a_key_comes_back_from_its_seed() {
    let again = CheckpointKey::from_seed(key(1).seed());
    assert_eq!(again.vkey(ORIGIN), key(1).vkey(ORIGIN));
    assert_ne!(key(1).seed(), key(2).seed());
}

#[test]
fn a_witness_may_add_its_line_before_or_after() {
    let note = key(1).sign(ORIGIN, 5, [1; 32]);
    // A witness signs the same text under its own name.
    let witness = key(2).sign(ORIGIN, 5, [1; 32]).lines().last().unwrap().replace(ORIGIN, "witness.example");
    let (text, line) = note.split_once("\n\n").unwrap();
    for cosigned in [format!("{note}{witness}\n"), format!("{text}\n\n{witness}\n{line}")] {
        assert_eq!(verify(&cosigned, &key(1).vkey(ORIGIN)).unwrap().size, 5);
    }
}

#[test]
fn a_second_bad_line_in_our_name_spoils_the_checkpoint() {
    let note = key(1).sign(ORIGIN, 5, [1; 32]);
    let foreign = key(1).sign(ORIGIN, 6, [1; 32]).lines().last().unwrap().to_owned();
    assert_eq!(
        verify(&format!("{note}{foreign}\n"), &key(1).vkey(ORIGIN)),
        Err(CheckpointRefused::Signature)
    );
}

#[test]
fn malformed_notes_are_refused() {
    let (note, vkey) = (key(1).sign(ORIGIN, 5, [1; 32]), key(1).vkey(ORIGIN));
    for bad in [
        String::new(),
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace('—', "-"),
        note.replace('\n', "\r\n"),
        format!("{note}\n"),
        format!("{note}— nobody\n"),
        format!("{note}{}", "— a bbbbbbbb\n".repeat(10_000)),
    ] {
        assert_eq!(verify(&bad, &vkey), Err(CheckpointRefused::Note), "{bad:.200}");
    }
}

#[test]
fn malformed_verifier_keys_are_refused() {
    let (note, vkey) = (key(1).sign(ORIGIN, 5, [1; 32]), key(1).vkey(ORIGIN));
    for cut in 0..vkey.len() {
        assert_eq!(verify(&note, &vkey[..cut]), Err(CheckpointRefused::VerifierKey));
    }
    // Another algorithm byte, with its base64 otherwise intact.
    let other_algorithm = vkey.rsplit_once("+A").map(|(head, tail)| format!("{head}+B{tail}")).unwrap();
    assert_eq!(verify(&note, &other_algorithm), Err(CheckpointRefused::VerifierKey));
}

#[test]
fn an_origin_is_one_word_without_a_plus() {
    assert_eq!(check_origin(ORIGIN), Ok(()));
    for bad in ["", "a b", "a+b", "a\nb", "a\u{2028}b", &"a".repeat(256)] {
        assert_eq!(check_origin(bad), Err(CheckpointRefused::Origin));
    }
    let hostile = key(1).sign("log\n9\nAAAA", 5, [1; 32]);
    assert!(verify(&hostile, &key(1).vkey("log")).is_err());
    assert!(verify(&hostile, &key(1).vkey("log\n9\nAAAA")).is_err());
}

proptest! {
    #[test]
    fn what_was_signed_is_what_verifies(size in any::<u64>(), root in any::<[u8; 32]>()) {
        let checkpoint = verify(&key(1).sign(ORIGIN, size, root), &key(1).vkey(ORIGIN));
        prop_assert_eq!(checkpoint, Ok(Checkpoint { origin: ORIGIN.to_owned(), size, root }));
    }

    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), new in b' '..=b'~') {
        let note = key(1).sign(ORIGIN, 4711, [7; 32]);
        let mut changed = note.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = new;
        // A byte in the middle of the dash makes it no text at all, and nothing changed is nothing to refuse.
        if let Ok(changed) = String::from_utf8(changed) && changed != note {
            prop_assert!(verify(&changed, &key(1).vkey(ORIGIN)).is_err());
        }
    }
}
