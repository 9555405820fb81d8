//! Steps in words.

use std::fmt;

use super::{Act, Phase, Step};
use crate::ports::Farewell;

/// As in the table and in the log: `hold, say enter-code -> CODE`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<_> = self.acts.iter().map(|act| act.word().to_owned()).collect();
        words.extend(self.say.map(|notice| format!("say {}", notice.file())));
        words.extend(match self.state.phase {
            Phase::LookingUp { .. } => Some("look up".to_owned()),
            _ => None,
        });
        if !words.is_empty() {
            write!(f, "{} ", words.join(", "))?;
        }
        write!(f, "-> {}", self.state.word())?;
        match self.state.phase {
            Phase::Over { farewell, .. } => write!(f, ", {}", farewell_word(farewell)),
            _ => Ok(()),
        }
    }
}

impl Act {
    const fn word(&self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Call(_) => "call",
            Self::Join => "join",
            Self::Drop => "drop",
            Self::HoldThird => "hold the third",
            Self::ReleaseThird => "release the third",
        }
    }
}

const fn farewell_word(farewell: Farewell) -> &'static str {
    match farewell {
        Farewell::LeaveTogether => "they go on",
        Farewell::EndRoom => "the room ends",
        Farewell::Orphan => "orphan decides",
        Farewell::CallBack => "the manager is called back",
    }
}
