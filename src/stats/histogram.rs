//! How long something took, as Prometheus counts it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds in seconds, as they are written: around what a database takes (1 to 10 ms) and the
/// default of `[database] timeout` (0.3).
pub const BOUNDS: [(&str, u64); 11] = [
    ("0.0005", 500),
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.3", 300_000),
    ("0.5", 500_000),
    ("1", 1_000_000),
];

/// Counts by bound. Not one moment's truth when read while it counts, but never wrong for long.
#[derive(Debug, Default)]
pub struct Histogram {
    /// The last one: longer than every bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    /// One more.
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|(_, bound)| micros <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many took no longer than each bound; the last one is how many there were.
    pub fn cumulative(&self) -> [u64; BOUNDS.len() + 1] {
        let mut sum = 0;
        std::array::from_fn(|at| {
            sum += self.buckets[at].load(Ordering::Relaxed);
            sum
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.cumulative()[BOUNDS.len()]
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// The mean; zero when there were none.
    pub fn mean(&self) -> Duration {
        let count = self.count().max(1);
        self.sum() / u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Forgets all.
    pub fn reset(&self) {
        let all = self.buckets.iter().chain([&self.micros]);
        all.for_each(|count| count.store(0, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_counts_what_is_no_longer_and_the_last_everything() {
        let histogram = Histogram::default();
        for micros in [500, 501, 300_000, 300_001, 5_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        assert_eq!(histogram.cumulative(), [1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 5]);
        assert_eq!(histogram.sum(), Duration::from_micros(5_601_002));
        assert_eq!(histogram.mean(), Duration::from_nanos(1_120_200_400));
    }

    #[test]
    fn the_bounds_are_what_they_say_and_rise() {
        for (text, micros) in BOUNDS {
            let seconds: f64 = text.parse().unwrap();
            assert_eq!((seconds * 1e6).round() as u64, micros);
        }
        assert!(BOUNDS.is_sorted_by(|a, b| a.1 < b.1));
    }
}
