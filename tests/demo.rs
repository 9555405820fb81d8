//! `make demo`: the debug numbers call a real Asterisk with the module, its embedded database and
//! its spoken prompts. Prints a timeline of each call and leaves recordings, the SIP record,
//! Asterisk's log, pictures and one page with all of it in `demo-output/`. Fails when a call did not end as it must.

mod demo {
    pub mod conference;
    pub mod heard;
    pub mod log;
    pub mod page;
    pub mod picture;
    pub mod play;
    pub mod report;
    pub mod room;
    pub mod room_picture;
    pub mod signals;
    pub mod stories;
    pub mod svg;
    pub mod timeline;
}

use std::fs;
use std::io;
use std::panic;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use demo::log::{Clock, DATE_FORMAT};
use demo::report::Report;
use demo::{page, picture, play, report, room_picture, timeline};
use rust_ivr_testing::machine::repository;
use rust_ivr_testing::office::{Database, Office};

const INTRODUCTION: &str = "\
Asterisk runs in a container, configured with the samples of dialplan/, the module loaded, its
tables in the embedded SQLite database. Multifon and Bitrix24 are stand-ins that ask for passwords
as the real ones do. Six calls come in at the same time; the longest takes half a minute. In the
last one Bitrix24's manager brings a third person in.
";

const LEGEND: &str = "\
Times count from the caller's INVITE. Lines of RustIvr are the module's own words in Asterisk's log;
\"hears\" was measured in the sound that arrived; the rest are SIP messages that were sent or received.
";

fn main() -> ExitCode {
    println!("{INTRODUCTION}");
    be_brief_about_calls();
    let office = Office::open_spoken("demo", Database::Sqlite, |config| {
        config.replace("logger.conf", "%F %T.%3q", DATE_FORMAT)
    });
    let clock = Clock::read();
    let played = play::play_all(&office);
    let reports = report::all(&office, &played, &clock);

    let text = format!(
        "{LEGEND}The log's clock and the peers' parted by {:.1} ms meanwhile.\n{}",
        clock.drift().as_secs_f64() * 1000.0,
        timeline::text(&reports)
    );
    let verdicts = timeline::verdicts(&reports);
    println!("{text}\nThe calls in short:\n\n{verdicts}");
    let output = repository().join("demo-output");
    let text = format!("{text}\n{verdicts}");
    save(&output, &office, &reports, &text).expect("the directory demo-output can be written");
    if reports.iter().any(|report| report.complaint.is_some()) {
        return ExitCode::FAILURE;
    }
    office.assert_nothing_left();
    ExitCode::SUCCESS
}

/// A call that goes wrong says why in its verdict, and `sip.txt` has what went before it; printed
/// here as well, that would hide the timelines.
fn be_brief_about_calls() {
    let whole = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if thread::current().name() == Some("main") {
            whole(panic);
        }
    }));
}

/// Writes everything and says where it is. What an earlier demo left goes.
fn save(output: &Path, office: &Office, reports: &[Report], text: &str) -> io::Result<()> {
    if output.exists() {
        fs::remove_dir_all(output)?;
    }
    fs::create_dir_all(output)?;
    fs::write(output.join("timeline.txt"), text)?;
    for name in ["sip.txt", "asterisk.log"] {
        fs::copy(office.run.directory().join(name), output.join(name))?;
    }
    for (at, report) in reports.iter().enumerate() {
        for lane in &report.lanes {
            if let Some(recording) = &lane.recording {
                let file = output.join(page::recording(at, report, lane));
                fs::create_dir_all(file.parent().unwrap_or(output))?;
                recording.save_wav(&file)?;
            }
        }
    }
    draw(output, "picture", &picture::draw(reports))?;
    for report in reports.iter().filter(|report| !report.spans.is_empty()) {
        draw(output, "picture-conference", &room_picture::draw(report))?;
    }
    fs::write(output.join("index.html"), page::html(reports, LEGEND))?;
    let output = output.display();
    println!("All of it as one page:         {output}/index.html");
    println!("Recordings, what each heard:   {output}/<call>/<who>.wav");
    println!("Timeline, SIP, Asterisk's log: {output}/timeline.txt, sip.txt, asterisk.log");
    Ok(())
}

/// Writes a picture as SVG and, where that can be had, as PNG.
fn draw(output: &Path, name: &str, drawing: &str) -> io::Result<()> {
    let svg = output.join(name).with_extension("svg");
    let png = svg.with_extension("png");
    fs::write(&svg, drawing)?;
    let drawn = Command::new("rsvg-convert")
        .args([svg.as_path(), "--output".as_ref(), &png])
        .status();
    println!("Picture, who heard what when:  {}", svg.display());
    match drawn {
        Ok(status) if status.success() => {
            println!("  the same as PNG:             {}", png.display())
        }
        _ => println!("  no PNG: rsvg-convert (Debian: librsvg2-bin) is missing or failed"),
    }
    Ok(())
}
