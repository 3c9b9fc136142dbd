//! Phone numbers as call systems and people write them.
//!
//! From text to meaning: a [`Glyph`] is one character of a number however it
//! is written (ASCII, full-width, percent escape, `\u` escape); a [`Scan`] is
//! the digits of a text in groups and chains; [`Number`] is what a sequence of
//! digits means in the Chinese numbering plan or as an international number;
//! [`in_text`] and [`at_place`] find the numbers of a scan; [`Identity`] is which
//! number one is; [`rewrite`] puts something else where they stood.
//!
//! Invariants:
//! - Nothing here fails: what is not understood is [`Form::Unknown`].
//! - Where a doubt remains whether digits are a phone number, in a valid form,
//!   they count as one: the callers mask.
//! - What is already masked (`184xxxx7605`) is not a number.
//!
//! Facts about the numbering plans: ITU-T E.164 and libphonenumber 9.0.43.

mod calling_code;
mod china;
mod date;
mod find;
mod glyph;
mod identifier;
mod identity;
pub mod json;
mod number;
mod rewrite;
mod scan;

pub use find::{Found, at_place, in_text};
pub use glyph::Glyph;
pub use identity::Identity;
pub use number::{Form, Number, understand};
pub use rewrite::{Edit, is_nested_json, rewrite};
pub use scan::{Chain, Group, Scan};
