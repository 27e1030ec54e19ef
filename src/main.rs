//! The server and its client.
fn main() {}
