//! Names that a person takes for the same: upper and lower case, and letters with marks, which
//! a Mac stores in two parts (`й` as `и` and a breve: Unicode's NFD) and others in one (NFC).

use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// The paths under `folder` that read like `file` (which may name folders too), best first:
/// of two that are told apart by case alone, the one in `file`'s own case; then by their bytes,
/// which puts capitals first.
pub(super) fn alike(folder: &Path, file: &str) -> Vec<PathBuf> {
    let mut paths = vec![folder.to_owned()];
    for part in file.split('/') {
        paths = paths
            .iter()
            .flat_map(|path| entries_alike(path, part))
            .collect();
    }
    paths
}

fn entries_alike(folder: &Path, part: &str) -> Vec<PathBuf> {
    let wanted = caseless(part);
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| caseless(name) == wanted)
        .collect();
    names.sort_by_cached_key(|name| (!name.nfc().eq(part.nfc()), name.clone()));
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// By way of upper case, so that `ß` and `SS` are one.
fn caseless(name: &str) -> String {
    let upper = name.nfd().collect::<String>().to_uppercase();
    upper.to_lowercase().nfc().collect()
}
