//! The ports of a session, scripted.

use super::*;

/// What a scripted part does when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Panics,
}

/// A leg that replays a script and writes down what it was asked to do.
pub struct ScriptedLeg {
    pub answer: Result<(), Gone>,
    pub heard: Vec<Heard>,
    pub dials: Vec<Dialled>,
    pub fault: Fault,
    pub acts: Vec<String>,
    pub variables: Vec<(String, String)>,
    pub over: bool,
}

impl ScriptedLeg {
    pub fn new(heard: &[Heard], dials: &[Dialled]) -> Self {
        Self {
            answer: Ok(()),
            heard: heard.iter().rev().copied().collect(),
            dials: dials.iter().rev().copied().collect(),
            fault: Fault::None,
            acts: Vec::new(),
            variables: Vec::new(),
            over: false,
        }
    }

    pub fn note(&mut self, what: String) {
        assert!(
            !self.over,
            "{what} after the call was over: {:?}",
            self.acts
        );
        self.acts.push(what);
    }

    pub fn hear(&mut self) -> Heard {
        let heard = self.heard.pop().unwrap_or(Heard::Nothing);
        self.over |= heard == Heard::Gone;
        heard
    }
}

impl CallLeg for ScriptedLeg {
    fn name(&self) -> &str {
        "PJSIP/test-00000001"
    }

    fn answer(&mut self) -> Result<(), Gone> {
        self.note("answer".into());
        self.over |= self.answer.is_err();
        self.answer
    }

    fn play(&mut self, sound: &Sound) -> Heard {
        self.note(format!("play {}", sound.samples.len()));
        assert!(self.fault != Fault::Panics, "scripted panic");
        self.hear()
    }

    fn wait_digit(&mut self, within: Duration) -> Heard {
        self.note(format!("wait {} s", within.as_secs()));
        self.hear()
    }

    fn dial(&mut self, dial: Dial<'_>) -> Dialled {
        let ring = dial.ring.map_or(0, |ring| ring.as_secs());
        let mut act = format!("dial {} {ring} s", dial.destination);
        if !dial.keys.is_empty() {
            act += &format!(", sends {}", dial.keys);
        }
        if !dial.name.is_empty() {
            act += &format!(", as {}", dial.name);
        }
        self.note(act);
        let end = self.dials.pop().unwrap_or(Dialled::Answered);
        self.over |= matches!(end, Dialled::Answered | Dialled::Gone);
        end
    }

    fn variable(&self, name: &str) -> Option<String> {
        let set = self.variables.iter().rev().find(|(n, _)| n == name);
        set.map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }
}

pub struct Rows(pub Result<Vec<MenuRow>, LookupError>, pub Fault);

impl Directory for Rows {
    fn menu(&self, _: &Phone) -> Result<MenuAnswer, LookupError> {
        assert!(self.1 != Fault::Panics, "scripted panic");
        self.0.clone().map(|rows| MenuAnswer {
            rows,
            source: Source::Live,
        })
    }

    fn code(&self, _: &str) -> Result<CodeAnswer, LookupError> {
        Err(LookupError::Refused("a menu looks no code up".into()))
    }
}

/// Each prompt's sound is as many samples long as its name, so that `play N` names it.
pub struct Sounds;

impl Prompts for Sounds {
    fn sound(&self, name: &PromptName) -> Result<Sound, PromptError> {
        if name.file.contains("missing") {
            return Err(PromptError::Missing(name.to_string()));
        }
        Ok(Sound {
            samples: vec![0; name.to_string().len()].into(),
        })
    }

    fn prepare(&self, _: &[PromptName]) {}
}
