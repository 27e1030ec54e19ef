//! Progress on stderr, for people; a pipe sees none.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Something whose length nobody knows.
#[must_use]
pub fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Something of which it is known how much there is; 0 where it is only counted.
#[must_use]
pub fn counter(what: &str, of: u64) -> ProgressBar {
    let (bar, template) = match of {
        0 => (ProgressBar::no_length(), "{spinner} {msg} {human_pos}"),
        of => (ProgressBar::new(of), "{msg} {wide_bar} {human_pos}/{human_len} {eta}"),
    };
    // A template that did not parse would leave indicatif's own, which will do.
    let bar = match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    let bar = bar.with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
