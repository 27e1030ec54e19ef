//! A plaintext on its way to one answer.

use std::ops::Deref;

use zeroize::Zeroize;

/// An opened payload. Read through, never printed or serialised, wiped when dropped.
///
/// ```compile_fail
/// fn log(opened: medicrypt::vault::Opened<String>) {
///     println!("{opened:?}");
/// }
/// ```
///
/// ```compile_fail
/// fn send(opened: medicrypt::vault::Opened<String>) -> String {
///     serde_json::to_string(&opened).unwrap()
/// }
/// ```
///
/// Field by field, where somebody wrote it down:
///
/// ```
/// fn length(opened: medicrypt::vault::Opened<String>) -> usize {
///     opened.len()
/// }
/// ```
pub struct Opened<P: Zeroize>(P);

impl<P: Zeroize> Opened<P> {
    pub(super) fn new(payload: P) -> Self {
        Self(payload)
    }
}

impl<P: Zeroize> Deref for Opened<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

impl<P: Zeroize> Drop for Opened<P> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
