//! The rows: what no caller can reach, what may not be dialled, what is no text.

use std::collections::BTreeSet;

use super::letters::is_misread;
use super::{Finding, Several};
use crate::ivr::menu::{self, Plan, has_button, is_key};
use crate::numbers::{Number, NumberError, NumberPlan, Phone, shown, trimmed};
use crate::ports::{MenuRow, PromptFolder, PromptName};

/// Looks at the tables row by row.
pub struct Judge<'s> {
    plan: &'s NumberPlan,
    /// The menu query is not the operator's own, so that we know in which forms it asks.
    built_in: bool,
    no_phones: Several,
    other_forms: Several,
    bad_keys: Several,
    double_keys: Several,
    bad_numbers: Several,
    shut_out: Several,
    /// Patterns that would let out what is shut out.
    wanted: BTreeSet<String>,
    bad_codes: Several,
    double_codes: Several,
    broken_text: Several,
    misread_text: Several,
    last_code: Option<String>,
    played: BTreeSet<PromptName>,
    named: BTreeSet<PromptName>,
}

/// What came of it.
#[derive(Debug)]
pub struct Judged {
    /// One for each kind.
    pub findings: Vec<Finding>,
    /// The prompts that callers hear.
    pub played: BTreeSet<PromptName>,
    /// The prompts that some row names, heard or not.
    pub named: BTreeSet<PromptName>,
}

impl<'s> Judge<'s> {
    /// Begins. `built_in`: the menu query is not the operator's own.
    pub fn new(plan: &'s NumberPlan, built_in: bool) -> Self {
        Self {
            plan,
            built_in,
            no_phones: Several::default(),
            other_forms: Several::default(),
            bad_keys: Several::default(),
            double_keys: Several::default(),
            bad_numbers: Several::default(),
            shut_out: Several::default(),
            wanted: BTreeSet::new(),
            bad_codes: Several::default(),
            double_codes: Several::default(),
            broken_text: Several::default(),
            misread_text: Several::default(),
            last_code: None,
            played: BTreeSet::new(),
            named: BTreeSet::new(),
        }
    }

    /// A phone as it is stored, and its rows. `is_number`: its column is one of numbers.
    pub fn menu(&mut self, stored: &str, is_number: bool, rows: &[MenuRow]) {
        self.phone(stored, is_number);
        for row in rows {
            self.texts(row);
            self.names(row);
        }
        let who = shown(stored);
        let buttons: Vec<&MenuRow> = rows.iter().filter(|row| has_button(row)).collect();
        let mut keys: Vec<&str> = Vec::new();
        for row in &buttons {
            let key = trimmed(row.key_num.as_deref().unwrap_or(""));
            // A single button rings without a key.
            if buttons.len() > 1 && !is_key(key) {
                self.bad_keys.add(format!("'{}' of {who}", shown(key)));
                continue;
            }
            if buttons.len() > 1 && keys.contains(&key) {
                self.double_keys.add(format!("key {key} of {who}"));
                continue;
            }
            keys.push(key);
            let target = row.transfer_to.as_deref().unwrap_or("");
            self.number(target, &format!("key {} of {who}", shown(key)));
        }
        if let Plan::Menu(menu) = menu::read(rows, self.plan, 1, |_| ()) {
            self.played.extend(menu.prompts);
        }
    }

    fn phone(&mut self, stored: &str, is_number: bool) {
        let Some(phone) = Phone::parse(stored, self.plan) else {
            return self.no_phones.add(format!("'{}'", shown(stored)));
        };
        if self.built_in && !is_number && !phone.forms().contains(&stored) {
            let right = phone.canonical();
            self.other_forms
                .add(format!("'{}' for {right}", shown(stored)));
        }
    }

    fn number(&mut self, number: &str, whose: &str) {
        let pattern = |digits: &str| {
            let country = &self.plan.country_code;
            let kept = match digits.starts_with(&**country) {
                true => country.len(),
                false => 1,
            };
            let (kept, rest) = digits.split_at(kept.min(digits.len()));
            format!("_{kept}{}", "X".repeat(rest.len()))
        };
        match Number::parse(number, self.plan) {
            Ok(_) => {}
            Err(NumberError::NotAllowed(why)) => {
                let digits: String = why.chars().take_while(char::is_ascii_digit).collect();
                self.wanted.insert(pattern(&digits));
                self.shut_out.add(format!("{digits} ({whose})"));
            }
            Err(_) => self
                .bad_numbers
                .add(format!("'{}' ({whose})", shown(number))),
        }
    }

    fn names(&mut self, row: &MenuRow) {
        let cells = [
            (PromptFolder::Scenario, &row.scenario_msg),
            (PromptFolder::KeyNum, &row.key_num),
            (PromptFolder::MsgMp3, &row.msg_mp3),
        ];
        for (folder, cell) in cells {
            let file = trimmed(cell.as_deref().unwrap_or("")).to_owned();
            if !file.is_empty() {
                self.named.insert(PromptName { folder, file });
            }
        }
    }

    fn texts(&mut self, row: &MenuRow) {
        let cells = [&row.scenario, &row.scenario_msg, &row.msg_mp3];
        for text in cells.into_iter().flatten() {
            if text.contains(char::REPLACEMENT_CHARACTER) || text.contains("???") {
                self.broken_text.add(format!("'{}'", shown(text)));
            } else if is_misread(text) {
                self.misread_text.add(format!("'{}'", shown(text)));
            }
        }
    }

    /// A code as it is stored, in the order of the codes, and its number.
    pub fn code(&mut self, stored: &str, number: Option<&str>) {
        let typed = |b: u8| b.is_ascii_digit() || b"*#".contains(&b);
        if stored.is_empty() || !stored.bytes().all(typed) {
            return self.bad_codes.add(format!("'{}'", shown(stored)));
        }
        if self.last_code.as_deref() == Some(stored) {
            return self.double_codes.add(stored);
        }
        self.last_code = Some(stored.to_owned());
        self.number(number.unwrap_or(""), &format!("code {stored}"));
    }

    /// What was found.
    pub fn finish(self) -> Judged {
        let allow: Vec<&str> = self.wanted.iter().map(String::as_str).take(3).collect();
        let allow = allow.join(", allow = ");
        let trim = "blanks and ends of lines count: write digits only (a spreadsheet's or a web form's \
                    rest goes with UPDATE ... SET phone = TRIM(REPLACE(phone, '\\r', '')))";
        let kinds: [(&Several, &str, &str); 10] = [
            (
                &self.no_phones,
                "phones in sAsterisk_ivr that are no numbers, so that no caller reaches their menu",
                "write digits only, such as 74951234567, or delete the rows",
            ),
            (
                &self.other_forms,
                "phones in sAsterisk_ivr in a form that no look-up asks for",
                trim,
            ),
            (
                &self.bad_keys,
                "values of keyNum that cannot be pressed, so that their buttons are left out",
                "write 1 to 8 of 0-9 * # into keyNum",
            ),
            (
                &self.double_keys,
                "keys that stand twice in one menu, of which only the first row counts",
                "give each button of a phone a keyNum of its own",
            ),
            (
                &self.bad_numbers,
                "numbers in the tables that cannot be dialled",
                "write digits only, such as 74951234567, into transferTo and sAsterisk_prefix.phone",
            ),
            (
                &self.shut_out,
                "numbers in the tables that [numbers] allow and deny shut out",
                &format!(
                    "write allow = {allow} under [numbers] if they are right, else correct the rows"
                ),
            ),
            (
                &self.bad_codes,
                "codes in sAsterisk_prefix that nobody can type",
                "write digits, * and # only into pref, without blanks and ends of lines",
            ),
            (
                &self.double_codes,
                "codes that stand twice in sAsterisk_prefix, of which one row counts",
                "delete the other row, and make pref a primary key",
            ),
            (
                &self.broken_text,
                "texts in the tables that have lost their letters",
                "store them again over a connection of utf8mb4, in columns that hold them (utf8mb4 or \
                 cp1251, not latin1); an SQLite file holds UTF-8",
            ),
            (
                &self.misread_text,
                "texts in the tables that were stored as another character set",
                "convert the column: ALTER TABLE ... MODIFY ... CHARACTER SET latin1, then BLOB, then \
                 utf8mb4; and let the site connect with utf8mb4",
            ),
        ];
        let findings = kinds
            .iter()
            .filter_map(|(several, what, cure)| Some(Finding::problem(several.told(what)?, *cure)));
        Judged {
            findings: findings.collect(),
            played: self.played,
            named: self.named,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Pattern;
    use crate::settings::Settings;

    fn row(key: &str, msg: &str, to: &str) -> MenuRow {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        MenuRow {
            scenario: text("orders"),
            scenario_msg: text("hello.mp3"),
            key_num: text(key),
            msg_mp3: text(msg),
            transfer_to: text(to),
            name: None,
        }
    }

    fn judged(work: impl FnOnce(&mut Judge<'_>)) -> Judged {
        let mut plan = Settings::default().numbers;
        plan.allow = vec![Pattern::parse("_7XXXXXXXXXX").unwrap()];
        let mut judge = Judge::new(&plan, true);
        work(&mut judge);
        judge.finish()
    }

    /// The only finding's words.
    fn told(work: impl FnOnce(&mut Judge<'_>)) -> (String, String) {
        let findings = judged(work).findings;
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        (finding.what.clone(), finding.cure.clone())
    }

    #[test]
    fn good_rows_earn_nothing_and_name_their_prompts() {
        let rows = [
            row("1", "a.mp3", "74950000001"),
            row("2", "b.mp3", "74950000002"),
        ];
        let judged = judged(|judge| {
            judge.menu("79120000001", false, &rows);
            judge.menu("+79120000002", false, &rows[..1]);
            judge.menu("9120000003", true, &[row("", "", "")]);
            judge.code("1", Some("74950000001"));
            judge.code("*2", Some("74950000001"));
        });
        assert_eq!(judged.findings, []);
        let played: Vec<String> = judged.played.iter().map(ToString::to_string).collect();
        let right = [
            "scenario/hello.mp3",
            "keyNum/1",
            "keyNum/2",
            "msgMp3/a.mp3",
            "msgMp3/b.mp3",
        ];
        assert_eq!(played, right);
        assert!(judged.played.is_subset(&judged.named));
    }

    #[test]
    fn phones_that_no_caller_has_are_told() {
        let (what, _) = told(|judge| judge.menu("office", false, &[]));
        assert!(
            what.starts_with("1 phones") && what.contains("'office'"),
            "{what}"
        );
        for stored in ["79120000001\r", " 79120000001", "8 (912) 000-00-01"] {
            let (what, cure) = told(|judge| judge.menu(stored, false, &[]));
            assert!(what.contains("for 79120000001"), "{what}");
            assert!(cure.contains("TRIM"));
        }
        // Who asks in a way of their own knows the forms.
        let plan = Settings::default().numbers;
        let mut own = Judge::new(&plan, false);
        own.menu("8 (912) 000-00-01", false, &[]);
        assert_eq!(own.finish().findings, []);
    }

    #[test]
    fn buttons_that_nobody_reaches_are_told() {
        let menu = |second: MenuRow| {
            move |judge: &mut Judge<'_>| {
                let rows = [row("1", "a", "74950000001"), second];
                judge.menu("79120000001", false, &rows);
            }
        };
        let (what, _) = told(menu(row("x", "b", "74950000002")));
        assert!(what.ends_with("left out: 'x' of 79120000001"), "{what}");
        let (what, _) = told(menu(row("1", "b", "74950000002")));
        assert!(what.contains("stand twice"), "{what}");
        let (what, _) = told(menu(row("2", "b", "call me")));
        assert!(what.contains("'call me' (key 2 of 79120000001)"), "{what}");
        let (what, cure) = told(menu(row("2", "b", "442071838750")));
        assert!(what.contains("shut out: 442071838750"), "{what}");
        assert!(cure.contains("allow = _4XXXXXXXXXXX "), "{cure}");
    }

    #[test]
    fn codes_that_nobody_types_are_told() {
        for stored in ["1 ", "a", "", "7\r"] {
            let (what, _) = told(|judge| judge.code(stored, Some("74950000001")));
            assert!(what.contains("nobody can type"), "{what}");
        }
        let (what, _) = told(|judge| {
            judge.code("1", Some("74950000001"));
            judge.code("1", Some("74950000002"));
        });
        assert!(what.contains("stand twice in sAsterisk_prefix"), "{what}");
        let (what, _) = told(|judge| judge.code("1", None));
        assert!(what.contains("cannot be dialled: '' (code 1)"), "{what}");
    }

    #[test]
    fn text_of_another_character_set_is_told() {
        let named = |name: &str| {
            let mut row = row("1", "a", "74950000001");
            row.msg_mp3 = Some(name.to_owned());
            row
        };
        let (what, _) = told(|judge| judge.menu("79120000001", false, &[named("???.mp3")]));
        assert!(what.contains("lost their letters"), "{what}");
        let (what, _) = told(|judge| judge.menu("79120000001", false, &[named("a\u{fffd}.mp3")]));
        assert!(what.contains("lost their letters"), "{what}");
        let (what, _) = told(|judge| judge.menu("79120000001", false, &[named("Ñ‚Ð¾Ñ€Ñ‚.mp3")]));
        assert!(what.contains("another character set"), "{what}");
        let judged = judged(|judge| judge.menu("79120000001", false, &[named("торт.mp3")]));
        assert_eq!(judged.findings, []);
    }

    #[test]
    fn a_thousand_of_a_kind_are_one_finding() {
        let (what, _) = told(|judge| {
            for row in 0..1000 {
                judge.menu(&format!("x{row}"), false, &[]);
            }
        });
        assert!(
            what.starts_with("1000 phones") && what.ends_with("and 997 more"),
            "{what}"
        );
    }
}
