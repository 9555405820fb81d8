//! Rows become a menu: checked once, before the caller hears anything. A row that makes no
//! sense costs its button and earns a sentence for the log; it never costs the call.

mod words;

use crate::numbers::{Number, NumberError, NumberPlan, trimmed};
use crate::ports::{MenuRow, PromptFolder, PromptName};

/// The longest key that a caller may have to type.
const MAX_KEY_DIGITS: usize = 8;

/// What the rows ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A2: no rows, or none with a button.
    Nothing,
    /// A3: one button; its number is rung without a menu.
    Direct(Button),
    /// A4: several buttons.
    Menu(Menu),
}

/// A menu to read out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// Everything to play, in order: the intro once, then each button's key and words, as often
    /// as configured.
    pub prompts: Vec<PromptName>,
    /// The buttons that can be pressed; their keys differ.
    pub buttons: Vec<(String, Button)>,
    /// How often it begins again after a wrong key.
    pub retry: u32,
}

/// Whom a button rings: a number that may be dialled, or why it may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Announced even when its number is refused: its caller then gets Bitrix24 at once.
    pub target: Result<Number, NumberError>,
    /// What it is called, such as its prompt's file; may be empty. A stranger's text.
    pub words: String,
}

/// What the typed keys mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match<'m> {
    /// This button, and no longer key begins like it.
    Button(&'m Button),
    /// This button, or the beginning of a longer key.
    Ambiguous,
    /// The beginning of a key.
    Prefix,
    /// No key begins like this.
    Nothing,
}

impl Plan {
    /// The button that a call led to, by all the keys that were pressed, and its key. `None`: none did.
    pub fn chosen(&self, digits: &str) -> Option<(&str, &Button)> {
        match self {
            Self::Nothing => None,
            Self::Direct(button) => Some(("", button)),
            Self::Menu(menu) => {
                // `#` behind a complete key ends it.
                let shorter = digits.strip_suffix('#').unwrap_or(digits);
                let mut buttons = [digits, shorter].into_iter();
                let found =
                    buttons.find_map(|typed| menu.buttons.iter().find(|(key, _)| key == typed));
                found.map(|(key, button)| (key.as_str(), button))
            }
        }
    }
}

impl Menu {
    /// Compares what was typed with the keys.
    pub fn matching(&self, typed: &str) -> Match<'_> {
        let longer = self
            .buttons
            .iter()
            .any(|(key, _)| key.len() > typed.len() && key.starts_with(typed));
        match (self.button(typed), longer) {
            (Some(button), false) => Match::Button(button),
            (Some(_), true) => Match::Ambiguous,
            (None, true) => Match::Prefix,
            (None, false) => Match::Nothing,
        }
    }

    /// The button with exactly this key.
    pub fn button(&self, typed: &str) -> Option<&Button> {
        self.buttons
            .iter()
            .find(|(key, _)| key == typed)
            .map(|(_, button)| button)
    }
}

impl Plan {
    /// The same, and its menu begins again so often after a wrong key.
    pub fn retrying(self, retry: u32) -> Self {
        match self {
            Self::Menu(menu) => Self::Menu(Menu { retry, ..menu }),
            other => other,
        }
    }
}

/// Reads the rows. `repeat` is how often the buttons are read out. What is wrong with a row is
/// told to `complain`, a sentence each.
pub fn read(
    rows: &[MenuRow],
    numbers: &NumberPlan,
    repeat: u32,
    mut complain: impl FnMut(String),
) -> Plan {
    let with_button: Vec<&MenuRow> = rows.iter().filter(|row| has_button(row)).collect();
    match with_button.as_slice() {
        [] => Plan::Nothing,
        [row] => Plan::Direct(button(row, numbers, &mut complain)),
        [first, ..] => {
            let intro = prompt(PromptFolder::Scenario, &first.scenario_msg);
            menu(&with_button, intro, numbers, repeat, &mut complain)
        }
    }
}

/// An ivr row without buttons comes out of the LEFT JOIN as one row whose button is all NULL.
pub fn has_button(row: &MenuRow) -> bool {
    row.key_num.is_some() || row.msg_mp3.is_some() || row.transfer_to.is_some()
}

fn menu(
    rows: &[&MenuRow],
    intro: Option<PromptName>,
    numbers: &NumberPlan,
    repeat: u32,
    complain: &mut impl FnMut(String),
) -> Plan {
    let mut buttons: Vec<(String, Button)> = Vec::with_capacity(rows.len());
    let mut round = Vec::new();
    for row in rows {
        let key = trimmed(row.key_num.as_deref().unwrap_or(""));
        if !is_key(key) {
            complain(format!(
                "keyNum {key:.16?} cannot be pressed on a telephone: use 1 to {MAX_KEY_DIGITS} of 0-9 * #; its button is left out"
            ));
        } else if buttons.iter().any(|(other, _)| other == key) {
            complain(format!(
                "keyNum {key} stands in two rows: the first one counts"
            ));
        } else {
            round.extend(prompt(PromptFolder::KeyNum, &Some(key.to_owned())));
            round.extend(prompt(PromptFolder::MsgMp3, &row.msg_mp3));
            buttons.push((key.to_owned(), button(row, numbers, complain)));
        }
    }
    if buttons.len() <= 1 {
        // One button that can be pressed is A3: nobody is asked to choose.
        let only = buttons.pop().map(|(_, button)| Plan::Direct(button));
        return only.unwrap_or(Plan::Nothing);
    }
    let rounds = std::iter::repeat_n(round, repeat as usize).flatten();
    Plan::Menu(Menu {
        prompts: intro.into_iter().chain(rounds).collect(),
        buttons,
        retry: 0,
    })
}

fn button(row: &MenuRow, numbers: &NumberPlan, complain: &mut impl FnMut(String)) -> Button {
    let target = Number::parse(row.transfer_to.as_deref().unwrap_or(""), numbers);
    if let Err(why) = &target {
        complain(format!("transferTo is refused: {why}"));
    }
    Button {
        target,
        words: words::words(row).to_owned(),
    }
}

/// Whether a key can be pressed: 1 to 8 of `0-9 * #`.
pub fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_DIGITS).contains(&key.len())
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}

fn prompt(folder: PromptFolder, file: &Option<String>) -> Option<PromptName> {
    let file = trimmed(file.as_deref()?);
    (!file.is_empty()).then(|| PromptName {
        folder,
        file: file.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, msg: &str, to: &str) -> MenuRow {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        MenuRow {
            scenario: Some("orders".into()),
            scenario_msg: Some("hello.mp3".into()),
            key_num: text(key),
            msg_mp3: text(msg),
            transfer_to: text(to),
            name: None,
        }
    }

    fn plan(rows: &[MenuRow], repeat: u32) -> (Plan, Vec<String>) {
        let mut complaints = Vec::new();
        let plan = read(
            rows,
            &crate::settings::Settings::default().numbers,
            repeat,
            |c| complaints.push(c),
        );
        (plan, complaints)
    }

    fn menu_of(rows: &[MenuRow]) -> Menu {
        match plan(rows, 1).0 {
            Plan::Menu(menu) => menu,
            other => panic!("no menu: {other:?}"),
        }
    }

    fn spoken(menu: &Menu) -> Vec<String> {
        menu.prompts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn no_rows_and_null_buttons_are_nothing() {
        assert_eq!(plan(&[], 1).0, Plan::Nothing);
        assert_eq!(plan(&[row("", "", "")], 1).0, Plan::Nothing);
    }

    #[test]
    fn one_button_is_rung_directly_even_beside_null_rows() {
        let rows = [row("", "", ""), row("1", "a.mp3", "84951234567")];
        let Plan::Direct(button) = plan(&rows, 1).0 else {
            panic!()
        };
        assert_eq!(button.target.unwrap().as_str(), "74951234567");
    }

    #[test]
    fn several_buttons_are_read_in_order_with_the_intro_once() {
        let rows = [
            row("1", "cakes.mp3", "74951111111"),
            row("2", "flowers.mp3", "74952222222"),
        ];
        let Plan::Menu(menu) = plan(&rows, 2).0 else {
            panic!()
        };
        let round = [
            "keyNum/1",
            "msgMp3/cakes.mp3",
            "keyNum/2",
            "msgMp3/flowers.mp3",
        ];
        let expected: Vec<_> = ["scenario/hello.mp3"]
            .into_iter()
            .chain(round)
            .chain(round)
            .collect();
        assert_eq!(spoken(&menu), expected);
    }

    #[test]
    fn a_bad_number_keeps_its_button_and_is_explained() {
        let rows = [
            row("1", "a", "74951111111"),
            row("2", "b", "74951234567&PJSIP/evil"),
        ];
        let (Plan::Menu(menu), complaints) = plan(&rows, 1) else {
            panic!()
        };
        assert!(menu.button("2").unwrap().target.is_err());
        assert!(menu.button("1").unwrap().target.is_ok());
        assert_eq!(complaints.len(), 1);
    }

    #[test]
    fn a_key_that_cannot_be_pressed_costs_its_button_only() {
        for bad in ["x", "12345678901", "1 2", "../1", "\u{661}"] {
            let menu = menu_of(&[
                row("1", "a", "74951111111"),
                row(bad, "b", "74952222222"),
                row("3", "c", "74953333333"),
            ]);
            assert_eq!(menu.buttons.len(), 2, "{bad}");
            let heard = [
                "scenario/hello.mp3",
                "keyNum/1",
                "msgMp3/a",
                "keyNum/3",
                "msgMp3/c",
            ];
            assert_eq!(spoken(&menu), heard);
            let (plan, _) = plan(&[row("1", "a", "74951111111"), row(bad, "b", "7")], 1);
            assert!(matches!(plan, Plan::Direct(_)), "{bad}: {plan:?}");
        }
    }

    #[test]
    fn what_stands_around_a_cell_does_not_count() {
        // Out of files with Windows' ends of lines, web forms, spreadsheets.
        for around in [
            "\r", "\r\n", " ", "\t", "\u{a0}", "\u{feff}", "\u{200b}", "\u{202f}",
        ] {
            let cell = |text: &str| Some(format!("{around}{text}{around}"));
            let rows = ["1", "2"].map(|key| MenuRow {
                scenario: cell("orders"),
                scenario_msg: cell("hello.mp3"),
                key_num: cell(key),
                msg_mp3: cell("cakes.mp3"),
                transfer_to: cell("74951234567"),
                name: None,
            });
            let menu = menu_of(&rows);
            assert!(menu.button("2").unwrap().target.is_ok(), "{around:?}");
            let heard = [
                "scenario/hello.mp3",
                "keyNum/1",
                "msgMp3/cakes.mp3",
                "keyNum/2",
                "msgMp3/cakes.mp3",
            ];
            assert_eq!(spoken(&menu), heard, "{around:?}");
            let mut silent = rows;
            silent[0].scenario_msg = cell("");
            silent[0].msg_mp3 = cell("");
            assert_eq!(spoken(&menu_of(&silent)).len(), 3, "{around:?}");
        }
    }

    #[test]
    fn the_chosen_button_is_known_by_what_was_pressed() {
        let rows = [row("1", "cakes.mp3", "74951111111"), row("1#", "b", "7")];
        let menu = Plan::Menu(menu_of(&rows));
        let chosen = |digits| {
            menu.chosen(digits)
                .map(|(key, button)| (key, &*button.words))
        };
        assert_eq!(chosen("1"), Some(("1", "cakes")));
        assert_eq!(chosen("1#"), Some(("1#", "b")));
        assert_eq!(chosen("1##"), Some(("1#", "b")));
        assert_eq!(chosen("9"), None);
        assert_eq!(chosen(""), None);
        let direct = plan(&rows[..1], 1).0;
        assert_eq!(direct.chosen("").map(|(key, _)| key), Some(""));
        assert!(Plan::Nothing.chosen("1").is_none());
    }

    #[test]
    fn of_two_equal_keys_the_first_counts() {
        let menu = menu_of(&[
            row("1", "a", "74951111111"),
            row("1", "b", "74952222222"),
            row("2", "c", "74953333333"),
        ]);
        assert_eq!(menu.buttons.len(), 2);
        assert_eq!(
            menu.button("1").unwrap().target.as_ref().unwrap().as_str(),
            "74951111111"
        );
    }

    #[test]
    fn typed_keys_match_as_soon_as_they_are_unambiguous() {
        let keys = ["1", "12", "2", "345"].map(|key| row(key, "", "74951111111"));
        let menu = menu_of(&keys);
        assert!(matches!(menu.matching("2"), Match::Button(_)));
        assert!(matches!(menu.matching("12"), Match::Button(_)));
        assert_eq!(menu.matching("1"), Match::Ambiguous);
        assert_eq!(menu.matching("34"), Match::Prefix);
        assert_eq!(menu.matching("9"), Match::Nothing);
        assert_eq!(menu.matching("13"), Match::Nothing);
    }
}
