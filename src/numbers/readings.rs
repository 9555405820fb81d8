//! How a switch may read bare digits. A number is dialled without its `+`, so that digits which
//! are nobody's national number can still reach a national line; deny lines are held against
//! every such reading.

use super::NumberPlan;

/// What is dialled before a country code: ITU-T E.164's 00, and 8 10 where 8 is the national prefix.
const INTERNATIONAL_PREFIXES: [&str; 2] = ["00", "810"];

/// Digits, and every other number with its country code that they may reach.
pub(super) fn readings(digits: &str, plan: &NumberPlan) -> Vec<String> {
    let country = plan.country_code.as_str();
    let national = plan.national_prefix.as_str();
    let complete = country.len() + plan.national_length;
    let mut readings = vec![digits.to_owned()];
    if digits.starts_with(country) && digits.len() == complete {
        return readings;
    }
    let from_abroad = INTERNATIONAL_PREFIXES
        .iter()
        .find_map(|prefix| digits.strip_prefix(prefix));
    if let Some(rest) = from_abroad {
        readings.push(rest.to_owned());
    }
    // 8 809 ... of any length; and of who writes both, +7 8 809 ... and 8 8 809 ...
    let at_home = Some(digits).filter(|_| from_abroad.is_none());
    let behind_country = from_abroad.unwrap_or(digits).strip_prefix(country);
    for mut rest in [at_home, behind_country].into_iter().flatten() {
        while let Some(number) = rest.strip_prefix(national).filter(|n| n.len() < rest.len()) {
            readings.push(format!("{country}{number}"));
            rest = number;
        }
    }
    // A switch connects when the number is complete, and ignores the digits that follow.
    let cut: Vec<String> = readings
        .iter()
        .filter(|reading| reading.len() > complete && reading.starts_with(country))
        .map(|reading| reading[..complete].to_owned())
        .collect();
    readings.extend(cut);
    readings
}
