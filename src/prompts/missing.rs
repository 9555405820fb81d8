//! Which prompts calls asked for in vain, to be counted.

use std::collections::HashSet;

use parking_lot::Mutex;

use crate::ports::{PromptError, PromptName};

/// As many are remembered: rows are strangers' text.
const MOST: usize = 1024;

/// Names without a file when a call last asked for them.
#[derive(Debug, Default)]
pub(super) struct Missing(Mutex<HashSet<PromptName>>);

impl Missing {
    /// Notes how a search ended, and passes it on.
    pub fn note<T>(
        &self,
        name: &PromptName,
        found: Result<T, PromptError>,
    ) -> Result<T, PromptError> {
        let mut names = self.0.lock();
        match &found {
            Err(PromptError::Missing(_)) if names.len() < MOST => {
                names.insert(name.clone());
            }
            Ok(_) if !names.is_empty() => {
                names.remove(name);
            }
            _ => {}
        }
        found
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::PromptFolder;

    #[test]
    fn a_prompt_is_missing_until_it_is_found_and_memory_is_bounded() {
        let missing = Missing::default();
        let name = |n: usize| PromptName {
            folder: PromptFolder::MsgMp3,
            file: n.to_string(),
        };
        let not_there = || Err::<(), _>(PromptError::Missing("no file".to_owned()));
        let forbidden = Err::<(), _>(PromptError::Forbidden("..".to_owned()));
        assert!(missing.note(&name(1), not_there()).is_err());
        assert!(missing.note(&name(1), not_there()).is_err());
        assert!(missing.note(&name(2), forbidden).is_err());
        assert_eq!(missing.count(), 1);
        assert!(missing.note(&name(1), Ok(())).is_ok());
        assert_eq!(missing.count(), 0);
        for n in 0..2 * MOST {
            missing.note(&name(n), not_there()).ok();
        }
        assert_eq!(missing.count(), MOST);
    }
}
