//! Sound files of the kinds that Asterisk's own modules read (GSM, G.722, WAV49), as signed linear.

use std::ffi::CString;
use std::os::raw::c_int;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io};

use super::sys;
use crate::ports::FileKind;

/// Room for the samples of one frame: half a second.
const ROOM: usize = 4000;

/// Reads a file to its end and gives its sound at 8 kHz to `hear`, until that says that nobody
/// listens.
///
/// # Errors
/// What Asterisk lacks, in words.
pub fn read(
    file: &Path,
    kind: FileKind,
    hear: &mut dyn FnMut(&[i16]) -> bool,
) -> Result<(), String> {
    let failed = |e: io::Error| format!("cannot be handed to Asterisk: {e}");
    let name = Named::new(file, kind).map_err(failed)?;
    let mut stream = Stream::open(&name, kind)?;
    let mut samples = [0; ROOM];
    while let Some(count) = stream.read(&mut samples, kind)? {
        if count > 0 && !hear(&samples[..count]) {
            break;
        }
    }
    Ok(())
}

/// A file under the name that Asterisk asks of its kind: it tells kinds by their extension, and
/// their case counts.
struct Named(PathBuf);

impl Named {
    fn new(file: &Path, kind: FileKind) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rustivr-{}-{count}", std::process::id());
        let folder = env::temp_dir().join(name);
        // What a killed Asterisk of this process id left; it is no link to elsewhere that goes.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        let named = Self(folder);
        symlink(file, named.0.join("sound").with_extension(kind.extension()))?;
        Ok(named)
    }

    fn stem(&self) -> CString {
        CString::new(self.0.join("sound").as_os_str().as_bytes()).unwrap_or_default()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file that Asterisk reads.
struct Stream(NonNull<sys::rust_ivr_file>);

impl Stream {
    fn open(name: &Named, kind: FileKind) -> Result<Self, String> {
        let (stem, format) = (name.stem(), super::c_string(kind.format()));
        // SAFETY: both are NUL-terminated and copied (main/file.c: ast_readfile, build_filename).
        let stream = unsafe { sys::rust_ivr_file_open(stem.as_ptr(), format.as_ptr()) };
        NonNull::new(stream).map(Self).ok_or_else(|| lacks(kind))
    }

    /// The next samples; none may have come with a frame. `None`: the end.
    fn read(&mut self, samples: &mut [i16; ROOM], kind: FileKind) -> Result<Option<usize>, String> {
        // SAFETY: open until the drop, used by this thread alone; no more than the room is written
        // (shim_sound.c: rust_ivr_file_read).
        let count = unsafe {
            sys::rust_ivr_file_read(self.0.as_ptr(), samples.as_mut_ptr(), ROOM as c_int)
        };
        match count {
            -1 => Ok(None),
            count => usize::try_from(count).map(Some).map_err(|_| lacks(kind)),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once (main/file.c: ast_closestream).
        unsafe { sys::rust_ivr_file_close(self.0.as_ptr()) };
    }
}

fn lacks(kind: FileKind) -> String {
    format!(
        "Asterisk does not read it; are {} loaded (module show like ...)? Or convert it to WAV",
        kind.modules()
    )
}
