//! Several channels become one, and no channel's words are lost: neither where two cancel each
//! other, as a microphone with swapped wires makes them, nor in the centre of a film's sound.

use symphonia::core::audio::{Channels, Position};

/// Below this share of its loudest channel's power (-10 dB) the mix has lost it...
const LOST: f32 = 0.1;
/// ...and above this one (-6 dB) it is back. Between them nothing changes: each change is heard.
const BACK: f32 = 0.25;

/// Mixes a recording that comes in pieces.
#[derive(Default)]
pub(super) struct Mixer {
    /// The channel that is heard in place of the mix.
    alone: Option<usize>,
    mono: Vec<f32>,
}

impl Mixer {
    /// One channel of these interleaved ones.
    pub fn mix(&mut self, sound: &[f32], channels: &Channels) -> &[f32] {
        let weights = weights(channels);
        let frames = sound.chunks_exact(weights.len().max(1));
        let mixed = |frame: &[f32]| frame.iter().zip(&weights).map(|(s, w)| s * w).sum::<f32>();
        self.mono.clear();
        self.mono.extend(frames.clone().map(mixed));
        if weights.len() > 1 {
            let power_of = |channel: usize| power(frames.clone().map(|frame| frame[channel]));
            self.choose(power(self.mono.iter().copied()), weights.len(), power_of);
        }
        if let Some(alone) = self.alone.filter(|alone| *alone < weights.len()) {
            self.mono.clear();
            self.mono.extend(frames.map(|frame| frame[alone]));
        }
        &self.mono
    }

    fn choose(&mut self, mix: f32, channels: usize, power_of: impl Fn(usize) -> f32) {
        let powers = (0..channels).map(|channel| (channel, power_of(channel)));
        let Some((loudest, power)) = powers.max_by(|one, other| one.1.total_cmp(&other.1)) else {
            return;
        };
        // The one that was chosen stays while it has words of its own.
        let is_lost = self
            .alone
            .is_none_or(|alone| power_of(alone) < LOST * power);
        if mix < LOST * power && is_lost {
            self.alone = Some(loudest);
        } else if mix > BACK * power {
            self.alone = None;
        }
    }
}

/// How much each channel counts: the centre, where words are, as much as all others together, and
/// what is only bass not at all. Together they are 1, so that the mix is never too loud.
fn weights(channels: &Channels) -> Vec<f32> {
    let count = channels.count();
    let place = |wanted: Position| match channels {
        Channels::Positioned(there) if there.contains(wanted) => {
            let before = there.bits() & (wanted.bits() - 1);
            Some(before.count_ones() as usize)
        }
        _ => None,
    };
    let centre = place(Position::FRONT_CENTER).filter(|_| count > 2);
    // Of four channels or less, the fourth is seldom what the header makes of it.
    let bass = place(Position::LFE1).filter(|_| count > 4);
    let special = usize::from(centre.is_some()) + usize::from(bass.is_some());
    let others = if centre.is_some() { 0.5 } else { 1.0 };
    let mut weights = vec![others / (count - special).max(1) as f32; count];
    if let Some(centre) = centre {
        weights[centre] = 0.5;
    }
    if let Some(bass) = bass {
        weights[bass] = 0.0;
    }
    weights
}

fn power(sound: impl Iterator<Item = f32>) -> f32 {
    sound.map(|sample| sample * sample).sum()
}
