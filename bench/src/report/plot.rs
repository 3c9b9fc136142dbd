//! Bars in pairs, as SVG: floor and gateway for each work. Forty lines here are
//! less than any plotting library.

use std::fmt::Write as _;

const LEFT: f64 = 110.0;
const WIDTH: f64 = 720.0;
const BAR: f64 = 14.0;
const PAIR: f64 = 2.0 * BAR + 16.0;
const TOP: f64 = 44.0;

/// The colours of floor and gateway: told apart by those who see few, too.
const COLOURS: [(&str, &str); 2] = [("floor", "#9aa5b1"), ("gateway", "#1f6feb")];

/// Names without markup, each with the values of floor and gateway.
#[allow(clippy::cast_precision_loss, reason = "a handful of bars")]
pub fn bars(title: &str, pairs: &[(String, [f64; 2])]) -> String {
    let most = pairs.iter().flat_map(|(_, values)| values).copied();
    let most = most.fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LEFT - 60.0) / most;
    let height = TOP + PAIR * pairs.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"15\">{title}</text>\n"
    );
    for (at, (name, colour)) in COLOURS.iter().enumerate() {
        let x = WIDTH - 160.0 + 70.0 * at as f64;
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"20\" fill=\"{colour}\">■ {name}</text>"
        );
    }
    for (at, (name, values)) in pairs.iter().enumerate() {
        let top = TOP + PAIR * at as f64;
        let middle = top + BAR + 4.0;
        let _ = writeln!(svg, "<text x=\"8\" y=\"{middle}\">{name}</text>");
        for (row, (value, (_, colour))) in values.iter().zip(COLOURS).enumerate() {
            let y = top + BAR * row as f64;
            let length = value * scale;
            let end = LEFT + length + 4.0;
            let base = y + BAR - 3.0;
            let digits = usize::from(most < 100.0) * 2;
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
                 <text x=\"{end:.1}\" y=\"{base}\">{value:.digits$}</text>"
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
