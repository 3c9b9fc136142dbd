//! In every mode: no more digits of a number in a row than the mode keeps,
//! anywhere in the record, however and wherever the number stands.

use super::*;

/// A number: what stands before it, and its national digits.
type Number = (&'static str, String);

/// Digits of a number in a row that other digits of a record are by chance.
const CHANCE: usize = 5;

/// Encrypted digits are like any others, so by chance some are what they were.
const CHANCE_OF_ENCRYPTED: usize = 7;

/// Modes, with the most digits in a row that they keep of a number.
#[derive(Debug, Clone)]
enum Tried {
    Keep(usize, usize),
    Remove(&'static str),
    Pseudonym,
    Fpe,
}

impl Tried {
    fn config(&self) -> Value {
        let key = "thirty-two bytes of a secret key";
        match self {
            Self::Keep(first, last) => json!({ "keep_first": first, "keep_last": last }),
            Self::Remove(removed) => json!({ "mode": "remove", "removed": removed }),
            Self::Pseudonym => json!({ "mode": "pseudonym", "key": key, "key_id": "k2026" }),
            Self::Fpe => json!({ "mode": "fpe", "key": key }),
        }
    }

    /// What stays of a number at its front and at its end.
    fn kept<'a>(&self, (_, national): &'a Number) -> (&'a str, &'a str) {
        let all = national.len();
        let hidden = match self {
            Self::Keep(first, last) => Keep {
                first: *first,
                last: *last,
            }
            .hidden(0..all),
            Self::Remove(_) | Self::Pseudonym => 0..all,
            // A calling code, an area code, or 400.
            Self::Fpe => 3..all,
        };
        (&national[..hidden.start], &national[hidden.end..])
    }

    /// Fewest digits in a row that show that a number was not masked.
    fn too_many(&self, number: &Number) -> usize {
        let (front, end) = self.kept(number);
        let kept = front.len().max(end.len());
        match self {
            Self::Keep(..) => kept + 1,
            Self::Remove(_) | Self::Pseudonym => CHANCE,
            Self::Fpe => (kept + CHANCE_OF_ENCRYPTED).min(number.1.len()),
        }
    }
}

fn tried() -> impl Strategy<Value = Tried> {
    prop_oneof![
        (0_usize..=7, 0_usize..=4).prop_map(|(first, last)| Tried::Keep(first, last)),
        prop::sample::select(vec!["empty", "null", "member"]).prop_map(Tried::Remove),
        Just(Tried::Pseudonym),
        Just(Tried::Fpe),
    ]
}

/// How a number is written in some place.
#[derive(Debug, Clone)]
struct Written {
    number: usize,
    place: usize,
    separators: Vec<u8>,
    around: String,
}

fn written() -> impl Strategy<Value = Written> {
    let separators = prop::collection::vec(0_u8..9, 11);
    (0_usize..3, 0_usize..PLACES, separators, "[0-9]{0,3}").prop_map(
        |(number, place, separators, around)| Written {
            number,
            place,
            separators,
            around,
        },
    )
}

const PLACES: usize = 13;

/// Percent escapes for some of the digits.
fn escaped(text: &str, seeds: &[u8]) -> String {
    let mut seeds = seeds.iter().cycle();
    let escape = |digit: char| match seeds.next() {
        Some(seed) if digit.is_ascii_digit() && *seed < 4 => format!("%{:02X}", digit as u32),
        _ => digit.to_string(),
    };
    text.chars().map(escape).collect()
}

/// `\u` escapes for some of the digits.
fn unicode_escaped(text: &str, seeds: &[u8]) -> String {
    let mut seeds = seeds.iter().cycle();
    let escape = |digit: char| match seeds.next() {
        Some(seed) if digit.is_ascii_digit() && *seed < 4 => format!("\\u{:04x}", digit as u32),
        _ => digit.to_string(),
    };
    text.chars().map(escape).collect()
}

impl Written {
    /// Adds the member that holds the number.
    fn put(&self, record: &mut serde_json::Map<String, Value>, numbers: &[Number]) {
        let number = &numbers[self.number % numbers.len()];
        let (prefix, national) = number;
        let plain = format!("{prefix}{national}");
        let around = &self.around;
        let digits = || national.parse::<u64>().unwrap();
        let separated = super::written(&self.separators, prefix, national);
        let (name, value) = match self.place {
            0 => ("UserRemark", json!(separated)),
            1 => ("Remark", json!(format!("x{around}{national}{around}x"))),
            2 => (
                "Uui",
                json!(json!({ "n": digits(), "tel": plain }).to_string()),
            ),
            3 => (
                "UUI",
                json!(json!({ "inner": json!([digits(), separated]).to_string() }).to_string()),
            ),
            4 => (
                "RecordURL",
                json!(format!(
                    "https://r.example/{}-1732240999.wav?t={}",
                    escaped(&plain, &self.separators),
                    escaped(national, &self.separators)
                )),
            ),
            5 => (
                "ClientData",
                json!(format!(
                    r#"{{"t":"{}"}}"#,
                    unicode_escaped(&plain, &self.separators)
                )),
            ),
            6 => ("SeatUser", json!({ "Phone": plain, "Nick": separated })),
            7 => (
                "ServeParticipants",
                json!([{ "Phone": separated, "TransferTo": plain }, { "TransferFrom": national }]),
            ),
            8 => ("TelLocation", json!({ "TelNumber": plain, "City": "深圳" })),
            9 => ("EndpointUser", json!([digits(), plain, "8021"])),
            10 => ("Amount", json!({ "n": digits() })),
            11 => ("Legs", json!({ plain: { separated: 1 }, national: 2 })),
            _ => ("SessionId", json!(format!("{plain}@{around}"))),
        };
        record.insert(name.to_owned(), value);
    }
}

/// Whether so many digits of a number stand in a text in a row, whatever
/// separates them.
fn survives(text: &str, national: &str, too_many: usize) -> bool {
    let scan = Scan::of(text);
    national.as_bytes().windows(too_many).any(|window| {
        scan.runs().iter().any(|run| {
            let digits = &scan.digits()[scan.span(run.clone())];
            digits.windows(window.len()).any(|digits| digits == window)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_number_survives_in_any_mode(
        tried in tried(),
        numbers in prop::collection::vec(super::number(), 1..3),
        places in prop::collection::vec(written(), 1..6),
    ) {
        let mut record = serde_json::Map::new();
        for (index, (prefix, national)) in numbers.iter().enumerate() {
            // Every number is known from a number place.
            let place = format!("{prefix}{national}");
            record.insert(["Caller", "Callee"][index].to_owned(), json!(place));
        }
        for written in &places {
            written.put(&mut record, &numbers);
        }
        let record = mock::Record::call(&Value::Object(record).to_string())
            .with_numbers_at(&["/Caller", "/Callee", "/SeatUser/Phone", "/EndpointUser",
                "/ServeParticipants/*/Phone", "/ServeParticipants/*/TransferFrom",
                "/ServeParticipants/*/TransferTo", "/TelLocation/TelNumber"]);
        let plugin: PhoneMask = mock::configure(&tried.config().to_string()).unwrap();
        prop_assert_eq!(mock::process(&plugin, &record), Verdict::Keep);

        // What stays, or stands beside a number, may by chance be digits of one.
        let mut stays = vec!["1732240999".to_owned(), "8021".to_owned(), "86755".to_owned()];
        for number in &numbers {
            let (front, end) = tried.kept(number);
            stays.push(format!("{}{front}", number.0));
            stays.push(format!("{end}1732240999"));
            for written in &places {
                stays.push(format!("{}{front}", written.around));
                stays.push(format!("{end}{}", written.around));
                stays.push(format!("{}{}", written.around, written.around));
            }
        }
        let after = record.text();
        for number in &numbers {
            let too_many = tried.too_many(number);
            let by_chance = stays.iter().any(|text| survives(text, &number.1, too_many));
            prop_assume!(!by_chance);
            prop_assert!(!survives(&after, &number.1, too_many), "{:?} {number:?} {after}", tried);
        }
    }
}
