//! The layout of a statistic in one plaintext: 25 limbs of 64 bits, lowest first.
//!
//! ```text
//! count | sum | squares | guard guard | bin 0 … bin 19        1 600 bits
//! ```
//!
//! Slots are signed, and a sum of packed plaintexts is the packed sum as long as every slot stays in [-2^61, 2^61]. Before
//! decryption the public [`offset`] of 2^62 per slot is added, so that no slot is negative and none borrows from the next;
//! [`Plaintext::slots`] takes it off again, and refuses a plaintext without it.
//!
//! [`Reading::mask`] hides the slots that an answer does not need: added under encryption, it drowns them in a uniform
//! number 100 bits wider than they are together. The guard is where the mask of the three moments runs over.

use rand::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Plaintext, limbs, plaintext::LIMBS};

/// Bins of the histogram.
pub const BINS: usize = 20;

const MOMENTS: usize = 3;
const FIRST_BIN: usize = 5;
const END: usize = FIRST_BIN + BINS;
/// 2^62, added to every slot before decryption.
const OFFSET: i64 = 1 << 62;
/// A decoded slot lies in [-2^61, 2^61].
const SLOT_LIMIT: u64 = 1 << 61;
/// A packed value lies in [-2^23, 2^23]: the squares of 10^7 still fit a slot.
const VALUE_LIMIT: u64 = 1 << 23;
/// Bits by which a mask is wider than what it hides.
const MASK_BITS: usize = 100;

/// Why slots are refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SlotsRefused {
    /// The value's square would not leave room for a sum.
    #[error("the value is outside [-2^23, 2^23]")]
    Value,
    /// No such bin.
    #[error("there is no bin `{0}`: the histogram has 20")]
    Bin(usize),
    /// A slot outside [-2^61, 2^61], or something between or above the slots: a sum run over, a mask other than the
    /// reading's, or a missing offset.
    #[error("a slot is out of range")]
    OutOfRange,
}

/// The statistics of a packed plaintext. Wiped on drop; Debug shows nothing.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Slots {
    /// How many values.
    pub count: i64,
    /// Their sum, in the metric's fixed-point unit off its centre.
    pub sum: i64,
    /// The sum of their squares.
    pub squares: i64,
    /// How many values fell into each bin.
    pub bins: [i64; BINS],
}

/// The plaintext of one value: (1, x, x²) and a one in its bin. Takes the same time for every value and bin.
///
/// # Errors
/// A value or a bin out of range.
pub fn pack(x: i64, bin: usize) -> Result<Plaintext, SlotsRefused> {
    Slots::of(x, bin)?.pack()
}

/// The public constant 2^62 in every slot: add it under encryption before decrypting.
#[must_use]
pub fn offset() -> Plaintext {
    join(&Slots { count: OFFSET, sum: OFFSET, squares: OFFSET, bins: [OFFSET; BINS] })
}

impl Slots {
    /// The slots of one value.
    ///
    /// # Errors
    /// A value or a bin out of range.
    pub fn of(x: i64, bin: usize) -> Result<Self, SlotsRefused> {
        if x.unsigned_abs() > VALUE_LIMIT {
            return Err(SlotsRefused::Value);
        }
        if bin >= BINS {
            return Err(SlotsRefused::Bin(bin));
        }
        let bins = std::array::from_fn(|i| i64::from(i.ct_eq(&bin).unwrap_u8()));
        Ok(Self { count: 1, sum: x, squares: x * x, bins })
    }

    /// The plaintext of any slots: noise to be added under encryption, a correction.
    ///
    /// # Errors
    /// A slot outside [-2^61, 2^61].
    pub fn pack(&self) -> Result<Plaintext, SlotsRefused> {
        let fits = |slot: &i64| slot.unsigned_abs() <= SLOT_LIMIT;
        let all = [&self.count, &self.sum, &self.squares].into_iter().chain(&self.bins);
        if all.filter(|slot| !fits(slot)).count() == 0 {
            Ok(join(self))
        } else {
            Err(SlotsRefused::OutOfRange)
        }
    }
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slots(..)")
    }
}

/// Which slots an answer needs; the others are masked before decryption and read as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every slot; nothing is masked.
    All,
    /// COUNT.
    Count,
    /// SUM and MEAN.
    CountAndSum,
    /// STDDEV: count, sum and squares.
    Moments,
    /// The bins only.
    Histogram,
}

impl Reading {
    /// A fresh mask: uniform over all bits of the hidden slots and 100 more. Add it under encryption, after the offset.
    #[must_use]
    pub fn mask(self, rng: &mut impl CryptoRng) -> Plaintext {
        let mut mask = Plaintext::from(0);
        let (start, end) = match self {
            Self::All => return mask,
            Self::Histogram => (0, MOMENTS),
            Self::Count | Self::CountAndSum | Self::Moments => (self.moments(), END),
        };
        let last = end + MASK_BITS / 64;
        mask.limbs_mut()[start..=last].iter_mut().for_each(|limb| *limb = rng.next_u64());
        mask.limbs_mut()[last] &= (1 << (MASK_BITS % 64)) - 1;
        mask
    }

    /// How many of count, sum and squares it shows.
    fn moments(self) -> usize {
        match self {
            Self::Histogram => 0,
            Self::Count => 1,
            Self::CountAndSum => 2,
            Self::Moments | Self::All => 3,
        }
    }

    /// Whether limb `i` is left alone by the mask, carries out of it included.
    fn shows(self, i: usize) -> bool {
        match self {
            Self::All => true,
            Self::Histogram => i >= FIRST_BIN,
            Self::Count | Self::CountAndSum | Self::Moments => i < self.moments(),
        }
    }
}

impl Plaintext {
    /// The slots of a plaintext with [`offset`] added and nothing masked.
    ///
    /// # Errors
    /// A slot out of range.
    pub fn slots(&self) -> Result<Slots, SlotsRefused> {
        self.read(Reading::All)
    }

    /// The slots that `reading` shows, of a plaintext with [`offset`] and the reading's mask added. The hidden ones are 0.
    ///
    /// # Errors
    /// A slot out of range.
    pub fn read(&self, reading: Reading) -> Result<Slots, SlotsRefused> {
        let limbs = self.limbs();
        let slot = |i: usize| {
            let value = limbs[i].wrapping_sub(OFFSET.cast_unsigned()).cast_signed();
            if !reading.shows(i) {
                Ok(0)
            } else if value.unsigned_abs() <= SLOT_LIMIT {
                Ok(value)
            } else {
                Err(SlotsRefused::OutOfRange)
            }
        };
        // Guard and top are zero unless a mask runs over them.
        let empty = (MOMENTS..FIRST_BIN).chain(END..LIMBS).filter(|&i| reading.shows(i));
        if empty.fold(0, |bits, i| bits | limbs[i]) != 0 {
            return Err(SlotsRefused::OutOfRange);
        }
        let mut bins = [0; BINS];
        for (i, bin) in (FIRST_BIN..).zip(&mut bins) {
            *bin = slot(i)?;
        }
        Ok(Slots { count: slot(0)?, sum: slot(1)?, squares: slot(2)?, bins })
    }
}

/// Σ slot·2^(64·position), slots signed: a negative slot borrows from the one above.
fn join(slots: &Slots) -> Plaintext {
    let positions =
        [slots.count, slots.sum, slots.squares, 0, 0].into_iter().chain(slots.bins).chain([0; LIMBS - END]);
    let mut borrowed = 0_i128;
    let mut plaintext = Plaintext::from(0);
    for (limb, slot) in plaintext.limbs_mut().iter_mut().zip(positions) {
        let value = i128::from(slot) + borrowed;
        *limb = limbs::split(value.cast_unsigned()).0;
        borrowed = value >> 64;
    }
    plaintext
}
