//! Packed plaintexts, in the clear and under encryption.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: no secret here is worth keeping")]

use std::sync::LazyLock;

use medicrypt_crypto::paillier::{
    BINS, Ciphertext, Encryptor, KeySize, Plaintext, PlaintextRefused, Reading, SecretKey, Slots,
    SlotsRefused, Sum, offset, pack,
};
use proptest::prelude::*;

const LIMIT: i64 = 1 << 61;

static SECRET: LazyLock<SecretKey> =
    LazyLock::new(|| SecretKey::generate(KeySize::Bits2048, &mut rand::rng()));
static ENCRYPTOR: LazyLock<Encryptor> = LazyLock::new(|| Encryptor::new(SECRET.public()));

fn encrypt(plaintext: &Plaintext) -> Ciphertext {
    ENCRYPTOR.encrypt(plaintext, &mut rand::rng()).unwrap()
}

/// As the decryptor does it: offset, mask, decrypt, read.
fn release(sum: &Ciphertext, reading: Reading) -> Result<Slots, SlotsRefused> {
    let public = SECRET.public();
    let shifted = public.add_plain(sum, &offset()).unwrap();
    let masked = public.add_plain(&shifted, &reading.mask(&mut rand::rng())).unwrap();
    SECRET.decrypt(&masked).unwrap().read(reading)
}

fn parts(slots: &Slots) -> (i64, i64, i64, [i64; BINS]) {
    (slots.count, slots.sum, slots.squares, slots.bins)
}

fn some_slots() -> impl Strategy<Value = Slots> {
    let slot = || -LIMIT..=LIMIT;
    (slot(), slot(), slot(), prop::array::uniform20(slot())).prop_map(|(count, sum, squares, bins)| Slots {
        count,
        sum,
        squares,
        bins,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_slots_in_range_come_back_through_encryption(slots in some_slots()) {
        let read = release(&encrypt(&slots.pack().unwrap()), Reading::All).unwrap();
        prop_assert_eq!(parts(&read), parts(&slots));
    }

    #[test]
    fn a_masked_reading_shows_what_it_should_and_nothing_else(slots in some_slots()) {
        let (sum, none) = (encrypt(&slots.pack().unwrap()), [0; BINS]);
        let shown = |reading| parts(&release(&sum, reading).unwrap());
        prop_assert_eq!(shown(Reading::Count), (slots.count, 0, 0, none));
        prop_assert_eq!(shown(Reading::CountAndSum), (slots.count, slots.sum, 0, none));
        prop_assert_eq!(shown(Reading::Moments), (slots.count, slots.sum, slots.squares, none));
        prop_assert_eq!(shown(Reading::Histogram), (0, 0, 0, slots.bins));
    }
}

#[test]
fn a_sum_of_values_is_the_sum_of_every_slot_negative_values_too() {
    let values: Vec<i64> = (0..40).map(|i| i * 37 % 300 - 150).collect();
    let mut sum = Sum::new(SECRET.public());
    let mut expected = Slots::default();
    for (bin, x) in values.iter().enumerate().map(|(i, x)| (i % BINS, *x)) {
        sum.add(&encrypt(&pack(x, bin).unwrap())).unwrap();
        expected.count += 1;
        expected.sum += x;
        expected.squares += x * x;
        expected.bins[bin] += 1;
    }
    assert_eq!(parts(&release(&sum.total(), Reading::All).unwrap()), parts(&expected));
}

#[test]
fn a_value_taken_out_again_leaves_nothing_and_more_leaves_negative_slots() {
    let public = SECRET.public();
    let one = || encrypt(&pack(-9, 4).unwrap());
    let gone = public.subtract(&one(), &one()).unwrap();
    assert_eq!(parts(&release(&gone, Reading::All).unwrap()), (0, 0, 0, [0; BINS]));
    let owed = release(&public.subtract(&gone, &one()).unwrap(), Reading::All).unwrap();
    assert_eq!((owed.count, owed.sum, owed.squares, owed.bins[4]), (-1, 9, -81, -1));
}

#[test]
fn noise_of_any_slots_can_be_added_under_encryption() {
    let noise = Slots { count: -3, sum: 1_000, squares: -1, ..Slots::default() };
    let disturbed =
        SECRET.public().add_plain(&encrypt(&pack(5, 0).unwrap()), &noise.pack().unwrap()).unwrap();
    let read = release(&disturbed, Reading::All).unwrap();
    assert_eq!((read.count, read.sum, read.squares, read.bins[0]), (-2, 1_005, 24, 1));
}

#[test]
fn values_and_bins_out_of_range_are_refused() {
    assert_eq!(pack(1 << 23, 19).err(), None);
    assert_eq!(pack(-(1 << 23), 0).err(), None);
    for x in [(1 << 23) + 1, -(1 << 23) - 1, i64::MAX, i64::MIN] {
        assert_eq!(pack(x, 0).unwrap_err(), SlotsRefused::Value);
    }
    assert_eq!(pack(0, 20).unwrap_err(), SlotsRefused::Bin(20));
}

#[test]
fn slots_at_the_limit_are_packed_and_beyond_it_refused() {
    for (slot, fits) in
        [(LIMIT, true), (-LIMIT, true), (LIMIT + 1, false), (-LIMIT - 1, false), (i64::MIN, false)]
    {
        for slots in [
            Slots { count: slot, ..Slots::default() },
            Slots { squares: slot, ..Slots::default() },
            Slots { bins: [slot; BINS], ..Slots::default() },
        ] {
            assert_eq!(slots.pack().is_ok(), fits, "{slot}");
        }
    }
}

#[test]
fn a_sum_that_leaves_the_range_is_refused_when_read() {
    let full = encrypt(&Slots { sum: LIMIT, ..Slots::default() }.pack().unwrap());
    let over = SECRET.public().add(&full, &encrypt(&pack(1, 0).unwrap())).unwrap();
    assert!(release(&full, Reading::All).is_ok());
    for reading in [Reading::All, Reading::CountAndSum, Reading::Moments] {
        assert_eq!(release(&over, reading).unwrap_err(), SlotsRefused::OutOfRange);
    }
    let under = SECRET.public().negate(&over).unwrap();
    assert_eq!(release(&under, Reading::All).unwrap_err(), SlotsRefused::OutOfRange);
}

#[test]
fn a_plaintext_without_the_offset_or_with_it_twice_is_refused() {
    let plain = pack(7, 7).unwrap();
    assert_eq!(plain.slots().unwrap_err(), SlotsRefused::OutOfRange);
    let once = SECRET.public().add_plain(&encrypt(&plain), &offset()).unwrap();
    let twice = SECRET.public().add_plain(&once, &offset()).unwrap();
    assert!(SECRET.decrypt(&once).unwrap().slots().is_ok());
    assert_eq!(SECRET.decrypt(&twice).unwrap().slots().unwrap_err(), SlotsRefused::OutOfRange);
}

#[test]
fn anything_in_the_guard_or_above_the_bins_is_refused() {
    for stray in [3, 4, 25, 27] {
        let mut limbs = *offset().limbs();
        assert!(Plaintext::from_limbs(limbs).slots().is_ok());
        limbs[stray] = 1;
        assert_eq!(Plaintext::from_limbs(limbs).slots().unwrap_err(), SlotsRefused::OutOfRange, "{stray}");
    }
}

#[test]
fn a_mask_is_a_hundred_bits_wider_than_what_it_hides_and_leaves_the_rest_alone() {
    // (lowest bit, highest bit) of the mask.
    for (reading, low, high) in [
        (Reading::Count, 64, 1_700),
        (Reading::CountAndSum, 128, 1_700),
        (Reading::Moments, 192, 1_700),
        (Reading::Histogram, 0, 292),
    ] {
        let mut seen = [0; 28];
        for _ in 0..64 {
            let mask = reading.mask(&mut rand::rng());
            seen.iter_mut().zip(mask.limbs()).for_each(|(seen, limb)| *seen |= limb);
        }
        // 64 draws leave a bit unset with probability 2^-64.
        for bit in 0..64 * 28 {
            assert_eq!(
                seen[bit / 64] >> (bit % 64) & 1 == 1,
                (low..high).contains(&bit),
                "{reading:?} bit {bit}"
            );
        }
    }
    assert_eq!(Reading::All.mask(&mut rand::rng()).limbs(), &[0; 28]);
}

#[test]
fn a_small_test_key_has_no_room_for_slots() {
    let small = SecretKey::generate(KeySize::Testing1024, &mut rand::rng());
    let refused = Encryptor::new(small.public()).encrypt(&pack(1, 19).unwrap(), &mut rand::rng());
    assert_eq!(refused.unwrap_err(), PlaintextRefused::TooWide);
}

#[test]
fn nothing_secret_shows_in_debug() {
    assert_eq!(
        format!("{:?} {:?}", pack(1, 1).unwrap(), Slots::of(1, 1).unwrap()),
        "Plaintext(..) Slots(..)"
    );
}
