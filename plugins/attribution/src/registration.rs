//! Where a number is registered, as the lookup table says.

use cdr_plugin_sdk::tables::{self, TableError};
use serde::Deserialize;

/// One row of the table. Empty where it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Registration {
    /// Such as 贵州; in short form, without 省 or 自治区.
    pub province: String,
    /// Such as 安顺; of a municipality, its name once more.
    pub city: String,
    /// Such as 移动; of a landline, empty.
    pub operator: String,
}

impl Registration {
    /// Looks up a complete national number: the longest prefix counts.
    pub fn find(table: &str, national: &str) -> Result<Option<Self>, TableError> {
        let Some(found) = tables::longest_prefix(table, national)? else {
            return Ok(None);
        };
        let registration: Self = tables::columns(table, &found.value)?;
        let known = !registration.province.is_empty() || !registration.operator.is_empty();
        Ok(known.then_some(registration))
    }

    /// In one string, as `CallerLocation` has it: 贵州安顺移动, 北京移动. None
    /// where the place is not known.
    pub fn line(&self) -> Option<String> {
        if self.province.is_empty() {
            return None;
        }
        let city = if self.city == self.province {
            ""
        } else {
            &self.city
        };
        Some(format!("{}{city}{}", self.province, self.operator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let cases = [
            (["贵州", "安顺", "移动"], Some("贵州安顺移动")),
            (["北京", "北京", "联通"], Some("北京联通")),
            (["广东", "深圳", ""], Some("广东深圳")),
            (["海南", "", ""], Some("海南")),
            (["", "", "广电"], None),
        ];
        for ([province, city, operator], expected) in cases {
            let registration = Registration {
                province: province.into(),
                city: city.into(),
                operator: operator.into(),
            };
            assert_eq!(registration.line().as_deref(), expected);
        }
    }
}
