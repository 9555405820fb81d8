//! The page and the metrics: over raw sockets, where a request can be as wrong as one likes, and in
//! Debian's Chromium, where a room is watched and driven by clicks while its legs sound.

mod browser;
mod http;

use std::fs;
use std::path::Path;

use rust_ivr_testing::conference::{
    CLIENT, Conference, MANAGER, THIRD, THIRD_NUMBER, hear, office_with,
};
use rust_ivr_testing::machine::{MachineConfig, repository};
use rust_ivr_testing::office::{Database, KEY_1, MUSIC, Office, SOON};
use rust_ivr_testing::rtp::Source;
use rust_ivr_testing::sip::{Credentials, digest};

use browser::Browser;
use http::{Answer, Site};

const TWO_BUTTONS: &str = "70000000002";
/// As a browser asks for it.
const RUSSIAN: &str = "Accept-Language: ru-RU,ru;q=0.9,en;q=0.8\r\n";

fn with_page(config: MachineConfig) -> MachineConfig {
    config.replace("res_rust_ivr.conf", "enabled = no", "enabled = yes")
}

/// Asterisk's HTTP server and manager, and four accounts: who may everything, who may read only, whose
/// programs may, and who may not even that.
fn serve(office: &Office) -> Site {
    let address = office.machine.address();
    office.machine.put_file(
        "http.conf",
        &format!("[general]\nenabled = yes\nbindaddr = {address}\nbindport = 8088\n"),
    );
    office.machine.put_file(
        "manager.conf",
        &format!(
            "[general]\nenabled = yes\nwebenabled = yes\nbindaddr = {address}\nport = 5038\n\
             [chief]\nsecret = chief-secret\nread = reporting\nwrite = call\n\
             [clerk]\nsecret = clerk-secret\nread = reporting\nwrite = system\n\
             [crm]\nsecret = crm-secret\nread = reporting\nwrite = reporting\n\
             [stranger]\nsecret = stranger-secret\nread = call\nwrite = call\n"
        ),
    );
    office.machine.cli("module reload http");
    office.machine.cli("manager reload");
    Site::new((address, 8088).into())
}

#[test]
fn a_request_gets_what_its_sender_may_have() {
    let office = Office::open_with("page-http", Database::Sqlite, |config| {
        with_page(config)
            .replace(
                "res_rust_ivr.conf",
                ";user = prometheus",
                "user = prometheus",
            )
            // The other one belongs to the database.
            .append("res_rust_ivr.conf", "[http]\npassword = metrics-secret\n")
    });
    let site = serve(&office);

    let page = site.get("/rustivr/", "");
    assert_eq!(page.status, 200);
    let policy = page.header("Content-Security-Policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("X-Frame-Options"), "DENY");
    assert_eq!(site.get("/rustivr", "").status, 200);

    // Nothing about anybody without a session, and no wrong or forged one.
    let paths = [
        "state",
        "check",
        "codes",
        "menu?phone=70000000002",
        "prompt?folder=keyNum&file=1",
    ];
    let wrong = site.login("chief", "wrong");
    let stranger = site.login("stranger", "stranger-secret");
    for cookie in [
        "",
        &wrong,
        &stranger,
        "Cookie: mansession_id=\"00000000\"\r\n",
    ] {
        for path in paths {
            let answer = site.get(&format!("/rustivr/api/{path}"), cookie);
            assert_eq!(answer.status, 401, "{path} {cookie}");
            assert!(answer.text().contains("sign in"), "{}", answer.text());
        }
        let answer = site.act("room=room-1&action=end", cookie);
        assert!(matches!(answer.status, 401 | 404), "{}", answer.text());
    }
    let codes = "; 2 codes, ";
    office.machine.wait_cli("rustivr show status", codes, SOON);
    reading(&site);
    acting(&site);
    programs(&site);
    metrics(&site);
    switching(&office, &site);
    office.assert_nothing_left();
}

/// Who may read reads, and only what is meant to be read.
fn reading(site: &Site) {
    let clerk = site.login("clerk", "clerk-secret");
    let get = |path: &str| site.get(&format!("/rustivr/api/{path}"), &clerk);
    let state = get("state").json();
    assert_eq!(state["acts"], false);
    assert_eq!(state["rooms"], serde_json::json!([]));
    let code = &get("codes").json()["codes"][0];
    assert_eq!(code["number"], THIRD_NUMBER);
    assert_eq!(code["name"], serde_json::Value::Null);
    let menu = get(&format!("menu?phone={TWO_BUTTONS}")).json();
    assert_eq!(menu["kind"], "menu");
    assert_eq!(menu["buttons"][0]["key_prompt"]["folder"], "keyNum");
    assert_eq!(get("menu?phone=").status, 400);
    let found = get("check").json();
    let found = found["findings"].as_array().expect("findings");
    assert!(
        found
            .iter()
            .all(|of| of["what"].is_string() && of["cure"].is_string())
    );
    let russian = site.get("/rustivr/api/check", &format!("{clerk}{RUSSIAN}"));
    let russian = russian.json()["findings"].to_string();
    assert!(russian.contains("выпускает любой номер"), "{russian}");
    let prompt = get("prompt?folder=keyNum&file=1");
    assert_eq!(
        (prompt.status, prompt.header("Content-Type")),
        (200, "audio/wav")
    );
    assert!(prompt.body.starts_with(b"RIFF"));
    let samples = (prompt.body.len() - 44) / 2;
    assert!((samples as u64).abs_diff(KEY_1.ms * 8) < 160, "{samples}");
    for file in [
        "../../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/res_rust_ivr.conf",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "1%00.wav",
        "",
        ".",
        "..",
    ] {
        let answer = get(&format!("prompt?folder=keyNum&file={file}"));
        // What stands behind a NUL is cut off, and the prompt 1 is there.
        assert!(answer.status == 404 || file.starts_with("1%00"), "{file}");
        assert!(!answer.text().contains("root:"), "{file}");
    }
    for folder in ["", "..", "keyNum/..", "/etc"] {
        let answer = get(&format!("prompt?folder={folder}&file=passwd"));
        assert_eq!(answer.status, 400, "{folder}");
    }
    for path in [
        "/rustivr/../rustivr/api/state",
        "/rustivr/..%2f..%2fetc/passwd",
        "/rustivr/page.html",
        "/rustivr/api",
        "/rustivr/api/state/",
        "/rustivr/api//state",
    ] {
        assert_eq!(site.get(path, &clerk).status, 404, "{path}");
    }
}

/// Who may act does so from our own page only.
fn acting(site: &Site) {
    let chief = site.login("chief", "chief-secret");
    let clerk = site.login("clerk", "clerk-secret");
    let end = "room=room-9&action=end";
    let said = |answer: &Answer, status: u16, words: &str| {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    };
    said(&site.act(end, &chief), 404, "no such room");
    let russian = site.act(end, &format!("{chief}{RUSSIAN}"));
    said(&russian, 404, "такой комнаты уже нет");
    said(&site.act(end, &clerk), 403, "may only read");
    said(&site.post(end, &chief), 403, "X-RustIvr");
    for foreign in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        said(
            &site.act(end, &format!("{chief}{foreign}")),
            403,
            "another origin",
        );
    }
    let own = format!(
        "Origin: {}\r\nSec-Fetch-Site: same-origin\r\n",
        site.origin()
    );
    said(
        &site.act(end, &format!("{chief}{own}")),
        404,
        "no such room",
    );
    said(&site.get("/rustivr/api/act", &chief), 405, "only POST");
    let long = format!("room={}", "x".repeat(50_000));
    said(&site.act(&long, &chief), 413, "longer than 40960");
}

/// AMI over HTTP, by cookie and by digest: our actions are the manager's as all others are.
fn programs(site: &Site) {
    let [crm, chief] = ["crm", "chief"].map(|user| site.login(user, &format!("{user}-secret")));
    let asked = |answer: Answer, words: &[&str]| {
        let text = answer.text();
        for words in words {
            assert!(text.contains(words), "{words}: {text}");
        }
    };
    let list = "/rawman?action=RustConfListRooms&ActionID=7";
    let complete = ["ActionID: 7", "RustConfListRoomsComplete", "ListItems: 0"];
    asked(site.get(list, &crm), &complete);
    let test = format!("/mxml?action=RustIvrTest&Phone={TWO_BUTTONS}&Digits=1");
    let dialled = format!("dialled='PJSIP/{THIRD_NUMBER}@multifon'");
    asked(
        site.get(&test, &crm),
        &["<generic event='RustIvrTestRow'", &dialled],
    );
    let end = "/rawman?action=RustConfEnd&Room=room-9";
    asked(site.get(end, &crm), &["Permission denied"]);
    asked(
        site.get(end, &chief),
        &["Response: Error", "there is no room room-9"],
    );

    let by_digest = "/arawman?action=RustConfListRooms&ActionID=7";
    let refused = site.get(by_digest, "");
    assert_eq!(refused.status, 401);
    let account = Credentials::new("crm", "crm-secret");
    let challenge = refused.header("WWW-Authenticate");
    let digest = digest::answer(challenge, &account, "GET", by_digest);
    let login = format!("Authorization: {digest}\r\n");
    asked(site.get(by_digest, &login), &complete);
}

fn metrics(site: &Site) {
    let get = |login: &str| site.get("/rustivr/metrics", login);
    assert_eq!(get("").status, 401);
    assert!(get("").header("WWW-Authenticate").starts_with("Basic"));
    let basic = |base64: &str| format!("Authorization: Basic {base64}\r\n");
    // prometheus:metrics-secret, prometheus:wrong, prometheus: and no base64 at all.
    let right = get(&basic("cHJvbWV0aGV1czptZXRyaWNzLXNlY3JldA=="));
    assert_eq!(right.status, 200);
    assert!(right.text().contains("\nrustivr_rooms"), "{}", right.text());
    for wrong in ["cHJvbWV0aGV1czp3cm9uZw==", "cHJvbWV0aGV1czo=", "", "%%%"] {
        assert_eq!(get(&basic(wrong)).status, 401, "{wrong}");
    }
}

/// A reload switches it off and on; an open connection keeps the module from nothing.
fn switching(office: &Office, site: &Site) {
    let file = office.run.directory().join("etc/res_rust_ivr.conf");
    let on = fs::read_to_string(file).expect("the configuration");
    let reload = |text: &str| {
        let mark = office.machine.log_mark();
        office.machine.put_file("res_rust_ivr.conf", text);
        office.machine.cli("module reload res_rust_ivr.so");
        let said = "the new configuration is in use";
        office.machine.wait_log_since(mark, said, SOON);
    };
    reload(&on.replace("enabled = yes", "enabled = no"));
    assert_eq!(site.get("/rustivr/", "").status, 404);
    assert_eq!(site.get("/rustivr/metrics", "").status, 404);
    reload(&on);
    assert_eq!(site.get("/rustivr/", "").status, 200);
    let open = site.keep_open("/rustivr/");
    let unloaded = office.machine.cli("module unload res_rust_ivr.so");
    assert!(unloaded.contains("Unloaded"), "{unloaded}");
    assert_eq!(site.get("/rustivr/", "").status, 404);
    office.machine.cli("module load res_rust_ivr.so");
    assert_eq!(site.get("/rustivr/", "").status, 200);
    drop(open);
}

#[test]
fn a_room_is_watched_and_driven_by_clicks() {
    let office = office_with("page-browser", |config| {
        with_page(config).append(
            "res_rust_ivr.conf",
            "[database]\ncode_snapshot = SELECT pref, phone, 'Florist ' || pref AS name \
             FROM sAsterisk_prefix\n",
        )
    });
    let site = serve(&office);
    let pictures = repository().join("test-output/page-pictures");
    fs::create_dir_all(&pictures).expect("a directory for pictures");
    let browser = Browser::start(&office.run.directory().join("browser"));
    browser.size(1280, 900);
    browser.open(&format!("{}/rustivr/?lang=en", site.origin()));
    browser.picture(&pictures.join("login-en.png"));
    browser.type_into("#login [name=username]", "chief");
    browser.type_into("#login [name=secret]", "chief-secret");
    browser.click("#login button");
    browser.find("#rooms .empty");

    let conference = Conference::begin(&office);
    browser.find("[data-state=TALK]");
    browser.click("[data-action=add]");
    // By name.
    browser.find("[data-code=\"2\"]");
    browser.type_into("#whom", "florist 1");
    browser.find("#codes li:only-child [data-code=\"1\"]");
    browser.picture(&pictures.join("add-en.png"));
    browser.click("#go");
    let third = office.expect_target(THIRD_NUMBER);
    third.ring();
    browser.find("[data-state=DIAL]");
    let third = third.answer(Source::tone(THIRD));
    browser.find("[data-state=CONSULT]");
    hear(&conference.manager, &[THIRD]);
    hear(&third, &[MANAGER]);
    hear(&conference.client, &[MUSIC]);
    let caller = office.call(TWO_BUTTONS);
    caller.wait_answered(SOON);
    browser.find("#calls li");
    // `make pictures` takes these two for docs/images/.
    browser.picture(&pictures.join("live-en.png"));
    browser.click("#language");
    browser.picture(&pictures.join("live-ru.png"));
    browser.click("#language");

    browser.click("[data-action=swap]");
    browser.find("[data-state=SWAP]");
    conference.assert_talk();
    hear(&third, &[MUSIC]);
    browser.click("[data-action=join]");
    browser.find("[data-state=CONF]");
    hear(&third, &[CLIENT, MANAGER]);
    hear(&conference.manager, &[CLIENT, THIRD]);
    caller.hangup();
    views(&browser, &pictures);

    browser.click("[data-tab=live]");
    browser.click("[data-role=third] [data-action=kick]");
    browser.click("#go");
    third.wait_ended(SOON);
    browser.find("[data-state=TALK]");
    conference.assert_talk();
    // A code that is typed, and a refusal, in the words of the page.
    browser.click("#language");
    browser.click("[data-action=add]");
    browser.type_into("#whom", "77");
    browser.click("#go");
    let said = "return document.querySelector('#wrong:not([hidden])')?.textContent";
    browser.find("#wrong:not([hidden])");
    assert_eq!(browser.script(said), "кода 77 нет");
    browser.click("#close");
    browser.click("#language");
    browser.click("[data-action=end]");
    browser.click("#go");
    conference.assert_ended();
    browser.find("#rooms .empty");

    let conference = Conference::begin(&office);
    browser.click("[data-role=client] [data-action=kick]");
    browser.click("#go");
    conference.client.wait_ended(SOON);
    browser.find("#rooms .empty");
    conference.manager.hangup();
    conference.assert_ended();
    browser.click("#leave");
    browser.find("#login button");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// All views, in both languages, on a desk and on a telephone: nothing sticks out.
fn views(browser: &Browser, pictures: &Path) {
    browser.click("[data-tab=menu]");
    browser.type_into("#find input", TWO_BUTTONS);
    browser.click("#find button");
    browser.click("[data-play=\"scenario/hello.mp3\"]");
    browser.find("[data-playing]");
    // It is heard to its end.
    browser.find("[data-played=yes]");
    for (language, width) in [("en", 1280), ("ru", 1280), ("ru", 390), ("en", 390)] {
        browser.size(width, 900);
        if browser.text("html", "lang") != language {
            browser.click("#language");
        }
        for tab in ["live", "menu", "numbers", "health"] {
            browser.click(&format!("[data-tab={tab}]"));
            if tab == "health" {
                // What the server found, in the language of the page.
                browser.find(&format!("#findings [lang={language}]"));
            }
            let name = format!("{tab}-{language}-{width}.png");
            browser.picture(&pictures.join(name));
            let wide = browser.script("return document.documentElement.scrollWidth");
            assert!(
                wide.as_u64() <= Some(width),
                "{tab} {language}: {wide} px of {width}"
            );
        }
    }
    browser.size(1280, 900);
}
