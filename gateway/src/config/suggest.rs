//! "Did you mean …?"

/// The candidate that a text was probably meant to be.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(text, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["listen", "max_body_bytes", "max_concurrency", "path"];
        let cases = [
            ("listn", Some("listen")),
            ("max_body", Some("max_body_bytes")),
            ("max_concurency", Some("max_concurrency")),
            ("colour", None),
        ];
        for (text, expected) in cases {
            assert_eq!(nearest(text, known), expected, "{text}");
        }
    }
}
