//! As much of SVG as the picture needs.

use std::fmt::Write;

/// A drawing; lengths are pixels, `y` grows downwards.
pub struct Svg {
    body: String,
    width: f64,
}

/// Where a text's `x` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At its beginning.
    Start,
    /// In its middle.
    Middle,
    /// At its end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub struct Font {
    /// Height in pixels.
    pub size: f64,
    /// Any colour that SVG knows.
    pub colour: &'static str,
    /// Bold or not.
    pub bold: bool,
    /// Where its `x` is.
    pub anchor: Anchor,
}

impl Svg {
    /// An empty drawing.
    pub fn new(width: f64) -> Self {
        let body = String::new();
        Self { body, width }
    }

    /// A box with slightly round corners. `fill`: a colour or `url(#...)`.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="3" fill="{fill}"/>"#
        );
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], colour: &str, width: f64) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#,
            points.join(" ")
        );
    }

    /// A text whose baseline is at `y`.
    pub fn text(&mut self, x: f64, y: f64, font: Font, text: &str) {
        let anchor = match font.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if font.bold { "bold" } else { "normal" };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let (size, colour) = (font.size, font.colour);
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    /// The file's text. `hatched` is the colour of `url(#hatched)`.
    pub fn finish(self, height: f64, hatched: &str) -> String {
        let (width, body) = (self.width, self.body);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="'DejaVu Sans', 'Liberation Sans', Arial, sans-serif">
<defs><pattern id="hatched" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#ffffff"/><rect width="3" height="7" fill="{hatched}"/></pattern></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
{body}</svg>
"##
        )
    }
}

impl Font {
    /// How wide a text will be, roughly: fonts differ from machine to machine.
    pub fn width(&self, text: &str) -> f64 {
        let of_height = if self.bold { 0.65 } else { 0.57 };
        text.chars().count() as f64 * self.size * of_height
    }
}
