//! Samples on their way out, piece by piece. The first and last 2 ms are faded, so that a recording
//! which was cut off does not click.

const FADE: usize = 16;

/// Where samples are collected, and given on while more come.
pub(super) struct Output<'h> {
    /// Gets them, and says whether anybody listens.
    hear: &'h mut dyn FnMut(&[i16]) -> bool,
    waiting: Vec<i16>,
    given: usize,
    is_heard: bool,
}

impl<'h> Output<'h> {
    pub fn new(hear: &'h mut dyn FnMut(&[i16]) -> bool) -> Self {
        Self {
            hear,
            waiting: Vec::new(),
            given: 0,
            is_heard: true,
        }
    }

    /// Where to put them.
    pub fn samples(&mut self) -> &mut Vec<i16> {
        &mut self.waiting
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.is_heard
    }

    /// Gives on what cannot be the end.
    pub fn give(&mut self) {
        self.pass(self.waiting.len().saturating_sub(FADE));
    }

    /// Gives on the rest.
    pub fn finish(mut self) {
        let length = self.waiting.len();
        for step in 0..FADE.min(length) {
            let sample = &mut self.waiting[length - 1 - step];
            *sample = faded(*sample, step);
        }
        self.pass(length);
    }

    fn pass(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let begin = self.given..FADE;
        for (step, sample) in begin.zip(&mut self.waiting[..count]) {
            *sample = faded(*sample, step);
        }
        self.is_heard = (self.hear)(&self.waiting[..count]);
        self.given += count;
        self.waiting.drain(..count);
    }
}

fn faded(sample: i16, step: usize) -> i16 {
    (i32::from(sample) * step as i32 / FADE as i32) as i16
}
