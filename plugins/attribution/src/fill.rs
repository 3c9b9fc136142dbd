//! Puts a registration where the record has nothing yet.

use cdr_plugin_sdk::{Cdr, EditError, tccc::TelLocation};

use crate::registration::Registration;

/// The sender's word for the country that the table is about.
const COUNTRY: &str = "中国";

/// Sets one string, if nothing stands at the pointer.
pub fn line(cdr: Cdr<'_>, pointer: &str, found: Option<&Registration>) -> Result<(), EditError> {
    match found.and_then(Registration::line) {
        Some(line) if is_empty(cdr, pointer) => cdr.set(pointer, &line),
        _ => Ok(()),
    }
}

/// Fills the members of `TelLocation` that are empty. An absent object is
/// created, without `TelNumber`: the record gets no further copy of a number.
/// One that names another place than the table is left alone.
pub fn location(
    cdr: Cdr<'_>,
    location: &TelLocation<'_>,
    found: &Registration,
) -> Result<(), EditError> {
    let (province, city) = (location.province(), location.city());
    let agrees = agrees(cdr, province.pointer(), &found.province)
        && agrees(cdr, city.pointer(), &found.city);
    let is_object = |json: &str| json.starts_with('{') || json == "null";
    if !agrees
        || !cdr
            .json(location.pointer())
            .is_none_or(|json| is_object(&json))
    {
        return Ok(());
    }
    location.ensure()?;
    for (pointer, value) in [
        (location.country().pointer(), COUNTRY),
        (province.pointer(), &found.province),
        (city.pointer(), &found.city),
        (location.operator().pointer(), &found.operator),
    ] {
        if !value.is_empty() && is_empty(cdr, pointer) {
            cdr.set(pointer, value)?;
        }
    }
    Ok(())
}

/// Nothing, `null`, or the empty string, which is how the sender writes that
/// there is none.
fn is_empty(cdr: Cdr<'_>, pointer: &str) -> bool {
    matches!(cdr.json(pointer).as_deref(), None | Some("null" | "\"\""))
}

/// Whether what stands at a place is the table's word, or a longer form of it
/// (贵州省), or nothing.
fn agrees(cdr: Cdr<'_>, pointer: &str, word: &str) -> bool {
    is_empty(cdr, pointer)
        || matches!(cdr.get::<String>(pointer), Ok(Some(text)) if text.starts_with(word))
}
