//! Asterisk's own HTTP server: a site below one URI, registered as a guard.
//!
//! A request is read as plain data before the site sees it, and the response is sent when the site
//! has given it away: what a slow browser does then is no concern of ours.

use std::ffi::{CStr, CString};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::os::raw::{c_char, c_int};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::guard::{entry, guard};
use super::{c_string, copied, sys};

/// A site: whatever is below one URI.
pub trait Site {
    /// Its first path segment, behind the prefix of http.conf.
    const URI: &'static CStr;
    /// Answers a request, on the connection's own thread, whose stack is small (see the border's
    /// `mod.rs`). After a panic the browser gets a 500.
    fn answer(request: &Request) -> Response;
}

/// What a request wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To read; HEAD is one whose body Asterisk leaves out.
    Get,
    /// To change something.
    Post,
    /// Any other.
    Other,
}

/// What may be done by whoever sent the request: as the AMI account may that its session belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The account's `read` has `reporting`.
    pub reads: bool,
    /// The account's `write` has `call`.
    pub acts: bool,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBody {
    /// More than Asterisk takes: 40,960 bytes.
    TooLong,
    /// It ended early, or was none.
    Broken,
}

/// A request, as plain text; nothing in it can be trusted.
#[derive(Debug)]
pub struct Request {
    /// What is wanted.
    pub method: Method,
    /// What stands behind the site's URI and its slash, decoded.
    pub path: String,
    /// The fields behind the `?`, in their order.
    pub query: Vec<(String, String)>,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// A POST's fields (`application/x-www-form-urlencoded`), in their order; none of any other type.
    pub form: Result<Vec<(String, String)>, BadBody>,
    /// Whose connection it is. `None`: the host names no address.
    pub peer: Option<IpAddr>,
    /// User and password of `Authorization: Basic`, both together up to 254 bytes.
    pub basic: Option<(String, String)>,
    /// Of the AMI session whose cookie came along.
    pub rights: Rights,
}

impl Request {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter();
        let found = named.find(|(of, _)| of.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The first field of this name.
pub fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(of, _)| of == name);
    found.map(|(_, value)| value.as_str())
}

/// What a response carries.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// Text; it ends at the first NUL.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// A response. Asterisk adds `Cache-Control: no-cache, no-store`, the length and the date.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Name and value; without ends of lines.
    pub headers: Vec<(&'static str, String)>,
    /// What follows.
    pub body: Body,
}

impl Response {
    fn header_lines(&self) -> String {
        // A line's end would begin another header, or the body.
        let plain = |value: &str| value.replace(|c: char| c.is_control(), " ");
        let lines = self.headers.iter();
        lines
            .map(|(name, value)| format!("{name}: {}\r\n", plain(value)))
            .collect()
    }

    fn title(&self) -> &'static CStr {
        match self.status {
            200 => c"OK",
            400 => c"Bad Request",
            401 => c"Unauthorized",
            403 => c"Forbidden",
            404 => c"Not Found",
            405 => c"Method Not Allowed",
            409 => c"Conflict",
            413 => c"Request Entity Too Large",
            503 => c"Service Unavailable",
            _ => c"Server Error",
        }
    }
}

/// Whether requests are answered. One that found our URI before it was taken off the list may still
/// come (main/http.c: handle_uri calls it without a lock).
static OPEN: AtomicBool = AtomicBool::new(false);

/// A registered site, one at most; dropping it takes it off the server.
#[derive(Debug)]
pub struct Served(NonNull<sys::ast_http_uri>);

// SAFETY: the entry is the host's to use, under its own lock (main/http.c); we only name it.
unsafe impl Send for Served {}
// SAFETY: as above; nothing can be reached through a shared reference.
unsafe impl Sync for Served {}

impl Served {
    /// Puts a site on the server. Whether the server itself runs is http.conf's to say.
    pub fn new<S: Site>() -> Self {
        let mut uri = sys::ast_http_uri {
            uri: S::URI.as_ptr(),
            description: c"res_rust_ivr".as_ptr(),
            key: c"res_rust_ivr".as_ptr(),
            callback: Some(requested::<S>),
            ..Default::default()
        };
        uri.set_has_subtree(1);
        // Never freed: see OPEN. It costs some bytes each time that an operator switches it on.
        let uri = NonNull::from(Box::leak(Box::new(uri)));
        OPEN.store(true, Ordering::SeqCst);
        // SAFETY: static names, an entry that stays where it is (main/http.c: ast_http_uri_link).
        unsafe { sys::ast_http_uri_link(uri.as_ptr()) };
        Self(uri)
    }
}

/// It waits for nobody: a request under way keeps the module in use, so that unload is refused; one that
/// comes in that very moment is turned away, or ends on what it holds itself. To wait for it could
/// wait for ever, because the loader's lock is held here and a request may want it (main/loader.c:
/// auto_unload_resource, ast_module_check).
impl Drop for Served {
    fn drop(&mut self) {
        OPEN.store(false, Ordering::SeqCst);
        // SAFETY: linked in `new`, never freed (main/http.c: ast_http_uri_unlink).
        unsafe { sys::ast_http_uri_unlink(self.0.as_ptr()) };
    }
}

/// The module is in use while this lives.
struct InUse;

impl InUse {
    fn begin() -> Self {
        // SAFETY: our own module's count, atomic (main/loader.c: __ast_module_ref).
        unsafe { sys::rust_ivr_module_hold() };
        Self
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: counted in `begin` (main/loader.c: __ast_module_unref).
        unsafe { sys::rust_ivr_module_release() };
    }
}

entry! {
    /// What Asterisk calls for a request. 0: the connection goes on as the response says.
    fn requested[S: Site](
        connection: *mut sys::ast_tcptls_session_instance,
        _uri: *const sys::ast_http_uri,
        path: *const c_char,
        method: sys::ast_http_method,
        query: *mut sys::ast_variable,
        headers: *mut sys::ast_variable,
    ) -> c_int, or -1; {
        // When Asterisk ends, what counts the module's use is freed, and we are no longer open.
        let in_use = OPEN.load(Ordering::SeqCst).then(InUse::begin);
        let answer = || {
            // SAFETY: main/http.c: handle_uri's own arguments, which live as long as this call.
            let request = unsafe { read(connection, path, method, query, headers) };
            S::answer(&request)
        };
        let response = match in_use.is_some() && OPEN.load(Ordering::SeqCst) {
            true => guard(
                "Site::answer",
                plain(500, "A bug in res_rust_ivr: see Asterisk's log."),
                answer,
            ),
            false => plain(404, "Not found."),
        };
        drop(in_use);
        // SAFETY: as above; the connection is this thread's.
        unsafe { send(connection, method, response) };
        0
    }
}

fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
        body: Body::Text(text.to_owned()),
    }
}

/// # Safety
/// The arguments of an `ast_http_callback` (asterisk/http.h), during its call.
unsafe fn read(
    connection: *mut sys::ast_tcptls_session_instance,
    path: *const c_char,
    method: sys::ast_http_method,
    query: *mut sys::ast_variable,
    headers: *mut sys::ast_variable,
) -> Request {
    let method = match method {
        sys::AST_HTTP_GET | sys::AST_HTTP_HEAD => Method::Get,
        sys::AST_HTTP_POST => Method::Post,
        _ => Method::Other,
    };
    // SAFETY: the lists and strings are the host's, alive and unchanged during the call
    // (main/http.c: httpd_process_request, handle_uri).
    unsafe {
        Request {
            method,
            path: copied(path),
            query: listed(query),
            headers: listed(headers),
            form: match method {
                Method::Post => form(connection, headers),
                _ => Ok(Vec::new()),
            },
            peer: copied(sys::rust_ivr_http_peer(connection))
                .parse()
                .ok()
                .map(|address: IpAddr| address.to_canonical()),
            basic: basic(headers),
            rights: rights(headers),
        }
    }
}

/// # Safety
/// A list that nobody changes meanwhile, or NULL.
unsafe fn listed(list: *const sys::ast_variable) -> Vec<(String, String)> {
    let mut listed = Vec::new();
    let mut next = list;
    // SAFETY: the caller's promise; each is NULL or the next of the list (asterisk/config.h).
    while let Some(variable) = unsafe { next.as_ref() } {
        // SAFETY: as above.
        listed.push(unsafe { (copied(variable.name), copied(variable.value)) });
        next = variable.next;
    }
    listed
}

/// # Safety
/// As for [`read`].
unsafe fn form(
    connection: *mut sys::ast_tcptls_session_instance,
    headers: *mut sys::ast_variable,
) -> Result<Vec<(String, String)>, BadBody> {
    // SAFETY: reads 40,960 bytes at most, with the server's timeouts; the list is ours (main/http.c:
    // ast_http_get_post_vars, which sets errno when it returns NULL; main/config.c).
    unsafe {
        let fields = sys::ast_http_get_post_vars(connection, headers);
        if fields.is_null() {
            return match io::Error::last_os_error().raw_os_error() {
                None | Some(0) => Ok(Vec::new()),
                Some(libc::EFBIG) => Err(BadBody::TooLong),
                Some(_) => Err(BadBody::Broken),
            };
        }
        let read = listed(fields);
        sys::ast_variables_destroy(fields);
        Ok(read)
    }
}

/// # Safety
/// As for [`listed`].
unsafe fn basic(headers: *mut sys::ast_variable) -> Option<(String, String)> {
    // SAFETY: a reference for us, or NULL; its strings live as long as it (main/http.c: auth_create).
    unsafe {
        let auth = sys::ast_http_get_auth(headers);
        let given = auth.as_ref()?;
        let both = (copied(given.userid), copied(given.password));
        sys::rust_ivr_unref(auth.cast());
        Some(both)
    }
}

/// # Safety
/// As for [`listed`].
unsafe fn rights(headers: *mut sys::ast_variable) -> Rights {
    // SAFETY: the first reads the list; the others look among the manager's sessions under their own
    // locks, and know none with the number 0 (main/http.c: ast_http_manid_from_vars; main/manager.c).
    unsafe {
        let session = sys::ast_http_manid_from_vars(headers);
        let reporting = sys::EVENT_FLAG_REPORTING as c_int;
        let call = sys::EVENT_FLAG_CALL as c_int;
        Rights {
            reads: sys::astman_verify_session_readpermissions(session, reporting) != 0,
            acts: sys::astman_verify_session_writepermissions(session, call) != 0,
        }
    }
}

/// # Safety
/// As for [`read`].
unsafe fn send(
    connection: *mut sys::ast_tcptls_session_instance,
    method: sys::ast_http_method,
    response: Response,
) {
    let headers = c_string(&response.header_lines());
    let title = response.title().as_ptr();
    let status = c_int::from(response.status);
    let send = |text: *const c_char, file: c_int| {
        // SAFETY: the caller's promise; the strings are copied, and the file is read to its end
        // (shim_http.c, main/http.c: ast_http_send).
        unsafe {
            sys::rust_ivr_http_send(
                connection,
                method,
                status,
                title,
                headers.as_ptr(),
                text,
                file,
            );
        }
    };
    match response.body {
        Body::Text(text) => {
            let text: CString = c_string(&text);
            send(text.as_ptr(), 0);
        }
        // The host sends a text up to its first NUL, so anything else goes by way of a file.
        Body::Bytes(bytes) => match in_memory(&bytes) {
            Ok(file) => send(ptr::null(), file.as_raw_fd()),
            Err(error) => {
                log::error!("a response of {} bytes is not sent: {error}", bytes.len());
                let sorry = plain(500, "Asterisk has no memory for the response.");
                // SAFETY: the caller's promise; a text goes by no file (as above).
                unsafe { self::send(connection, method, sorry) };
            }
        },
    }
}

fn in_memory(bytes: &[u8]) -> io::Result<std::fs::File> {
    let file = memfd_create(c"rustivr-response", MFdFlags::MFD_CLOEXEC)?;
    let mut file = std::fs::File::from(file);
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_makes_a_line_of_its_own() {
        let response = Response {
            status: 200,
            headers: vec![("X-A", "1\r\nX-B: 2".to_owned()), ("X-C", "3".to_owned())],
            body: Body::Text(String::new()),
        };
        assert_eq!(response.header_lines(), "X-A: 1  X-B: 2\r\nX-C: 3\r\n");
    }
}
