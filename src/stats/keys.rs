//! Which keys callers press, by scenario. Names come out of a database: how many are told apart is
//! bounded, and so is a name's length.

use std::collections::BTreeMap;

/// Scenarios that are told apart; the rest is one.
const MAX_SCENARIOS: usize = 64;

/// Characters of a scenario's name that count.
const MAX_NAME: usize = 64;

/// Keys of a scenario that are told apart; the rest is one. A menu has at most as many rows.
const MAX_KEYS: usize = 64;

/// What the scenarios and keys beyond the bound are called.
pub const REST: &str = "(other)";

/// How a caller's menu ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed<'k> {
    /// With the key of a row.
    Key(&'k str),
    /// With a key that no row has. Which one does not count: anybody could fill the memory.
    Wrong,
    /// Without a key.
    Nothing,
}

impl<'k> Pressed<'k> {
    fn word(self) -> &'k str {
        match self {
            Self::Key(key) => key,
            Self::Wrong => "wrong",
            Self::Nothing => "none",
        }
    }
}

/// The counters.
#[derive(Debug, Default)]
pub struct Keys(BTreeMap<String, BTreeMap<String, u64>>);

impl Keys {
    /// One more.
    pub fn count(&mut self, scenario: &str, pressed: Pressed<'_>) {
        let end = scenario.char_indices().nth(MAX_NAME);
        let scenario = &scenario[..end.map_or(scenario.len(), |(at, _)| at)];
        let keys = place(&mut self.0, scenario, MAX_SCENARIOS);
        *place(keys, pressed.word(), MAX_KEYS) += 1;
    }

    /// Scenario, key and count, by name.
    pub fn by_name(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.0.iter().flat_map(|(scenario, keys)| {
            let keys = keys.iter();
            keys.map(|(key, count)| (scenario.as_str(), key.as_str(), *count))
        })
    }

    /// The same by scenario, the most pressed key of each first.
    pub fn by_count(&self) -> Vec<(&str, &str, u64)> {
        let mut all: Vec<_> = self.by_name().collect();
        all.sort_by(|a, b| a.0.cmp(b.0).then(b.2.cmp(&a.2)));
        all
    }
}

fn place<'m, V: Default>(map: &'m mut BTreeMap<String, V>, name: &str, most: usize) -> &'m mut V {
    // A known name costs no memory.
    let known = map.contains_key(name);
    let name = if known || map.len() < most {
        name
    } else {
        REST
    };
    if !map.contains_key(name) {
        map.insert(name.to_owned(), V::default());
    }
    map.get_mut(name).expect("just put there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_by_scenario() {
        let mut keys = Keys::default();
        for key in ["1", "2", "2"] {
            keys.count("orders", Pressed::Key(key));
        }
        keys.count("orders", Pressed::Wrong);
        keys.count("", Pressed::Nothing);
        assert_eq!(
            keys.by_count(),
            [
                ("", "none", 1),
                ("orders", "2", 2),
                ("orders", "1", 1),
                ("orders", "wrong", 1),
            ]
        );
    }

    #[test]
    fn a_full_database_of_names_stays_small() {
        let mut keys = Keys::default();
        for n in 0..1000 {
            keys.count(&format!("scenario {n}"), Pressed::Key("1"));
            keys.count("scenario 0", Pressed::Key(&n.to_string()));
            keys.count(&"щ".repeat(n), Pressed::Key("1"));
        }
        assert_eq!(keys.0.len(), MAX_SCENARIOS + 1);
        assert!(keys.0.values().all(|keys| keys.len() <= MAX_KEYS + 1));
        assert!(keys.0.keys().all(|name| name.chars().count() <= MAX_NAME));
        let all: u64 = keys.by_name().map(|(_, _, count)| count).sum();
        assert_eq!(all, 3000);
    }
}
