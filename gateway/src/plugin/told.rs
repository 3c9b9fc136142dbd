//! What a guest says of itself and of records: bounded, and without what is nobody's
//! business.

use super::{
    Failure, Secrets,
    bindings::cdr::plugin::types::{self, ConfigError},
    component::{Description, Refusal},
};

/// Longest description, in bytes: a schema of a thousand keys with their texts.
const MAX_DESCRIPTION_BYTES: usize = 1024 * 1024;

/// Refusals of a config that are told.
pub(super) const MAX_REFUSALS: usize = 100;

/// Longest log line, panic message and reason kept, in bytes.
pub(super) const MAX_MESSAGE_BYTES: usize = 2048;

/// Hides runs of digits as long as a phone number: a guest's words go to logs,
/// metrics, errors and the ledger, where no personal data belongs.
pub(super) fn redacted(text: &str) -> String {
    redacted_but(text, "")
}

/// The same, but for a number that the gateway itself told the guest.
pub(super) fn redacted_but(text: &str, told: &str) -> String {
    const LONGEST: usize = 6;
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, digits) = rest.split_at(start);
        let length = digits
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(digits.len());
        let (run, after) = digits.split_at(length);
        redacted.push_str(before);
        redacted.push_str(if length > LONGEST && run != told {
            "#"
        } else {
            run
        });
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

pub(super) fn capped(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
    }
    text
}

/// What a guest says that it is.
pub(super) fn description(said: types::Description) -> Result<Description, Failure> {
    let bytes = said.name.len() + said.version.len() + said.config_schema.len();
    if bytes > MAX_DESCRIPTION_BYTES {
        return Err(Failure::Output(MAX_DESCRIPTION_BYTES));
    }
    Ok(Description {
        name: said.name,
        version: said.version,
        config_schema: said.config_schema,
    })
}

/// What a guest finds wrong with its config.
pub(super) fn refusals(errors: Vec<ConfigError>, secrets: &Secrets) -> Vec<Refusal> {
    let told = |text| capped(secrets.hide(text), MAX_MESSAGE_BYTES);
    let errors = errors.into_iter().take(MAX_REFUSALS);
    let refusals = errors.map(|error| Refusal {
        pointer: told(error.pointer),
        message: told(error.message),
        help: None,
    });
    refusals.collect()
}

/// An instance that cannot be made of a guest that was loaded before.
pub(super) fn refused_later(refusals: Vec<Refusal>) -> Failure {
    let first = refusals.into_iter().next();
    let message = first.map_or_else(String::new, |refusal| refusal.message);
    Failure::Start(format!("refused its config: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_says_of_itself_is_bounded() {
        let said = |bytes: usize| types::Description {
            name: "mask".to_owned(),
            version: "1.0.0".to_owned(),
            config_schema: "x".repeat(bytes),
        };
        assert!(description(said(1000)).is_ok());
        let refused = description(said(MAX_DESCRIPTION_BYTES));
        assert_eq!(refused, Err(Failure::Output(MAX_DESCRIPTION_BYTES)));

        let error = |message: &str| ConfigError {
            pointer: "/a".to_owned(),
            message: message.to_owned(),
        };
        let errors = vec![error(&"m".repeat(MAX_MESSAGE_BYTES + 1)); MAX_REFUSALS + 1];
        let told = refusals(errors, &Secrets::default());
        assert_eq!(told.len(), MAX_REFUSALS);
        assert!(
            told.iter()
                .all(|one| one.message.len() == MAX_MESSAGE_BYTES)
        );
    }

    #[test]
    fn what_could_be_a_number_is_hidden() {
        let cases = [
            ("no table for 0086184xxxx7605", "no table for #xxxx7605"),
            ("18486147605", "#"),
            ("rule 123456 of 7", "rule 123456 of 7"),
            ("号码 13123456789,", "号码 #,"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
        let told = redacted_but("4194304 of 41943041 bytes", "4194304");
        assert_eq!(told, "4194304 of # bytes");
    }
}
