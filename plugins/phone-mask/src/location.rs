//! Where a number is registered, told less precisely.
//!
//! The digits that a mask leaves and the city and operator of the number name the
//! few ranges that it can be from: together they give most of the hidden digits
//! back. `plugins/README.md` has the figures.

use cdr_plugin_sdk::{Cdr, EditError};
use schemars::JsonSchema;
use serde::Deserialize;

/// How much of a location stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// All that the record says.
    Keep,
    /// Country and province. City and operator go.
    Province,
    /// The country.
    Country,
    /// Nothing.
    Remove,
}

/// Locations in one string: province, city and operator.
const LINES: [&str; 2] = ["/CallerLocation", "/CalleeLocation"];

/// The members of a location, the least precise first.
const MEMBERS: [&str; 4] = [
    "/TelLocation/Country",
    "/TelLocation/Province",
    "/TelLocation/City",
    "/TelLocation/Operator",
];

const COUNTRY: &str = "中国";

/// What a location can begin with.
const PROVINCES: [&str; 34] = [
    "北京",
    "天津",
    "上海",
    "重庆",
    "河北",
    "山西",
    "内蒙古",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "广西",
    "海南",
    "四川",
    "贵州",
    "云南",
    "西藏",
    "陕西",
    "甘肃",
    "青海",
    "宁夏",
    "新疆",
    "台湾",
    "香港",
    "澳门",
];

impl Detail {
    /// Leaves no more than this of a record's locations. What is not there is not
    /// added; what goes leaves the empty string, as the sender writes it.
    pub fn generalise(self, cdr: Cdr<'_>) -> Result<(), EditError> {
        if self == Self::Keep {
            return Ok(());
        }
        for pointer in LINES {
            reduce(cdr, pointer, |line| self.line(line))?;
        }
        for pointer in MEMBERS.iter().skip(self.members()) {
            reduce(cdr, pointer, |_| "")?;
        }
        Ok(())
    }

    /// What stays of a location in one string.
    fn line(self, line: &str) -> &str {
        let inner = line.strip_prefix(COUNTRY).unwrap_or(line);
        let province = PROVINCES.iter().find(|name| inner.starts_with(**name));
        match self {
            Self::Keep => line,
            Self::Province => province.copied().unwrap_or_default(),
            Self::Country if province.is_some() || line.starts_with(COUNTRY) => COUNTRY,
            Self::Country | Self::Remove => "",
        }
    }

    /// How many of the members stay.
    fn members(self) -> usize {
        match self {
            Self::Keep => MEMBERS.len(),
            Self::Province => 2,
            Self::Country => 1,
            Self::Remove => 0,
        }
    }
}

/// Reduces what stands at a place. A value of another type than text is more than the
/// sender writes there, and goes as a whole. Members with a duplicated key share a
/// pointer: where any of them says too much, all become what the last one does.
fn reduce(cdr: Cdr<'_>, pointer: &str, reduced: impl Fn(&str) -> &str) -> Result<(), EditError> {
    let found = cdr.select(pointer);
    let after: Vec<String> = found
        .iter()
        .map(|found| {
            if found.json == "null" {
                return found.json.clone();
            }
            let text: String = serde_json::from_str(&found.json).unwrap_or_default();
            match reduced(&text) {
                same if same == text && found.json.starts_with('"') => found.json.clone(),
                reduced => serde_json::Value::from(reduced).to_string(),
            }
        })
        .collect();
    let says_too_much = found
        .iter()
        .zip(&after)
        .any(|(found, after)| found.json != *after);
    match after.last().filter(|_| says_too_much) {
        Some(last) => cdr.set_json(pointer, last),
        None => Ok(()),
    }
}
