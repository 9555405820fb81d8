//! `[http]`.

use super::*;

#[test]
fn user_and_password_belong_together() {
    let http = |text: &str| parse(&format!("[http]\n{text}"));
    let settings = http("enabled = yes\nuser = prometheus\npassword = a:b").unwrap();
    assert!(settings.http.enabled);
    assert_eq!(
        settings.http.metrics,
        Some(Account {
            user: "prometheus".to_owned(),
            password: Secret::new("a:b".to_owned()),
        })
    );
    assert_eq!(http("enabled = no").unwrap().http, Http::default());
    let long = "x".repeat(250);
    for (text, why) in [
        ("user = a", "belong together"),
        ("password = b", "belong together"),
        ("user = a\npassword =", "belong together"),
        ("user = a:b\npassword = c", "without a colon"),
        ("enabled = maybe", "write yes or no"),
        (&format!("user = abcde\npassword = {long}"), "254 bytes"),
    ] {
        let error = http(text).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("[http]"), "{error}");
        assert!(!error.contains(&long), "a password is shown");
    }
}
