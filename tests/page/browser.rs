//! Chromium without a screen, driven through chromedriver (WebDriver: JSON over HTTP). Whatever is
//! looked for is waited for, by the browser itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rust_ivr_testing::office::SOON;
use serde_json::{Value, json};

use super::http::Site;

/// A browser with one window. Dropping it ends it and its driver.
pub struct Browser {
    driver: Child,
    site: Site,
    session: String,
}

impl Browser {
    /// `profile`: a directory of its own.
    pub fn start(profile: &Path) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: tests/set-up installs chromium-driver");
        let mut said = BufReader::new(driver.stdout.take().expect("a pipe"));
        let port = loop {
            let mut line = String::new();
            let read = said.read_line(&mut line).expect("a line of chromedriver");
            assert!(read > 0, "chromedriver ended");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').parse().expect("a port");
            }
        };
        let mut browser = Self {
            driver,
            site: Site::new(([127, 0, 0, 1], port).into()),
            session: String::new(),
        };
        let profile = format!("--user-data-dir={}", profile.display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            &profile,
        ];
        let session = browser.ask(
            "POST",
            "/session",
            json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
                "goog:loggingPrefs": { "browser": "SEVERE" },
                "timeouts": { "implicit": 2 * SOON.as_millis() as u64, "script": 10_000 },
            } } }),
        );
        let session = session["sessionId"].as_str().expect("a session");
        browser.session = format!("/session/{session}");
        browser
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_to(method, path, body);
        answer.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// The error has WebDriver's word and its sentence.
    fn try_to(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let path = format!("{}{path}", self.session);
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let answer = self.site.ask(method, &path, "", &body);
        let value: Value = serde_json::from_slice(&answer.body).expect("JSON of chromedriver");
        let value = value["value"].clone();
        match answer.status {
            200 => Ok(value),
            _ => Err(format!("{}: {}", value["error"], value["message"])),
        }
    }

    pub fn open(&self, url: &str) {
        self.ask("POST", "/url", json!({ "url": url }));
    }

    /// The window's inside, as a telephone's or a desk's.
    pub fn size(&self, width: u64, height: u64) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.ask("POST", "/goog/cdp/execute", command);
    }

    /// Waits for an element, by a CSS selector.
    pub fn find(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.ask("POST", "/element", wanted);
        let mut ids = found.as_object().expect("an element").values();
        let id = ids.next().and_then(Value::as_str).expect("an element");
        format!("/element/{id}")
    }

    /// What is drawn anew between the look and the click is looked for again.
    pub fn click(&self, selector: &str) {
        let until = Instant::now() + SOON;
        loop {
            let path = self.find(selector) + "/click";
            match self.try_to("POST", &path, json!({})) {
                Ok(_) => return,
                Err(why) => assert!(
                    Instant::now() < until && !why.contains("invalid"),
                    "{selector}: {why}"
                ),
            }
        }
    }

    pub fn type_into(&self, selector: &str, text: &str) {
        let path = self.find(selector) + "/value";
        self.ask("POST", &path, json!({ "text": text }));
    }

    /// An element's attribute.
    pub fn text(&self, selector: &str, attribute: &str) -> String {
        let path = format!("{}/attribute/{attribute}", self.find(selector));
        let value = self.ask("GET", &path, Value::Null);
        value.as_str().unwrap_or_default().to_owned()
    }

    pub fn script(&self, script: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            json!({ "script": script, "args": [] }),
        )
    }

    pub fn picture(&self, file: &Path) {
        let picture = self.ask("GET", "/screenshot", Value::Null);
        let picture = base64(picture.as_str().expect("a picture"));
        fs::write(file, picture).expect("a picture's file");
    }

    /// What the browser's console has of errors: scripts that failed, what the policy forbade.
    /// Requests that were refused on purpose are none.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.ask("POST", "/se/log", json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        let messages = entries.iter().filter_map(|entry| entry["message"].as_str());
        messages
            .filter(|message| !["of 401", "of 409"].iter().any(|on| message.contains(on)))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ask("DELETE", "", Value::Null);
        }
        // It takes its browser with it.
        let _ = Command::new("kill")
            .arg(self.driver.id().to_string())
            .status();
        let _ = self.driver.wait();
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0, 0);
    for digit in digits {
        bits = (bits << 6 | digit) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
