//! Panics on purpose, to see what one costs: only in a build with the feature `panics`, which tests make
//! and nobody installs. Each entry from C (`asterisk/guard.rs`) and each method of the traits beside
//! this file is a point that can be armed; the next thread that comes by panics there, once.

#[cfg(feature = "panics")]
mod armed {
    use parking_lot::Mutex;

    static ARMED: Mutex<Option<String>> = Mutex::new(None);

    /// The next thread that comes to this point panics.
    pub fn arm(name: &str) {
        *ARMED.lock() = Some(name.to_owned());
    }

    /// The point that nobody has come to yet.
    pub fn armed() -> Option<String> {
        ARMED.lock().clone()
    }

    /// A place where a panic may be wanted.
    ///
    /// # Panics
    /// When it is.
    pub fn point(name: &str) {
        let wanted = ARMED.lock().take_if(|armed| armed == name);
        assert!(wanted.is_none(), "on purpose at {name}");
    }
}

#[cfg(feature = "panics")]
pub use armed::{arm, armed, point};

/// Nothing, in the module that is installed.
#[cfg(not(feature = "panics"))]
#[inline(always)]
pub fn point(_: &str) {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::map::files;

    /// The methods of the traits that adapters implement, as `Seat::talk`.
    fn methods() -> BTreeSet<String> {
        let text = include_str!("mod.rs");
        let traits = text.split("\npub trait ").skip(1);
        let of_trait = |text: &str| {
            let name: String = text
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let body = text.split_once("\n}\n").expect("its end").0.to_owned();
            let methods = body.split("\n    fn ").skip(1).map(move |method| {
                let method = method.split('(').next().expect("a name");
                format!("{name}::{method}")
            });
            methods.collect::<Vec<_>>()
        };
        traits.flat_map(of_trait).collect()
    }

    #[test]
    fn every_method_of_a_port_is_a_point() {
        let mut points = BTreeSet::new();
        for path in files() {
            let text = std::fs::read_to_string(path).expect("UTF-8");
            let found = text.split("point(\"").skip(1);
            points.extend(found.filter_map(|at| Some(at.split_once("\")")?.0.to_owned())));
        }
        let methods = methods();
        assert!(methods.contains("Seat::talk") && methods.len() > 20);
        let without: Vec<_> = methods.difference(&points).collect();
        assert!(without.is_empty(), "begin them with a point: {without:?}");
    }
}
