//! The drawing as SVG: four columns, rows ordered so that arrows cross little.

use super::drawing::{Arrow, Drawing};
use super::escape::html;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: usize = 190;
const HEIGHT: usize = 40;
const ROW: usize = 58;
const COLUMNS: [usize; 4] = [10, 180, 490, 800];
/// The box of the internet is narrower.
const FIRST: usize = 90;

/// Where a box stands.
#[derive(Clone, Copy)]
struct Spot {
    x: usize,
    y: usize,
    width: usize,
}

/// The drawing. `worst` is the severity's name by box, for those with an open finding.
pub(crate) fn svg(drawing: &Drawing, worst: &BTreeMap<usize, &'static str>) -> String {
    let spots = spots(drawing);
    let height = spots.iter().map(|spot| spot.y + ROW).max().unwrap_or(ROW);
    // Arrows within the last column bend out of it.
    let width = COLUMNS[3] + WIDTH + 60;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"The architecture: what the internet reaches, what runs, what is kept\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
    );
    for (at, arrow) in drawing.arrows.iter().enumerate() {
        line(&mut svg, at, arrow, &spots);
    }
    for (at, (drawn, spot)) in drawing.boxes.iter().zip(&spots).enumerate() {
        let Spot { x, y, width } = *spot;
        let severity = worst.get(&at).copied().unwrap_or("clean");
        let (name, what) = (html(&short(&drawn.name, width / 8)).into_owned(), html(drawn.what));
        let whole = drawn.id.as_ref().map_or_else(|| drawn.name.clone(), ToString::to_string);
        let (tx, ty, sy) = (x + 8, y + 17, y + 32);
        let _ = writeln!(
            svg,
            "<g class=\"box {severity}\" id=\"b{at}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"5\"/>\
             <text x=\"{tx}\" y=\"{ty}\">{name}</text><text x=\"{tx}\" y=\"{sy}\" class=\"what\">{what}</text></g>",
            html(&whole)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn line(svg: &mut String, at: usize, arrow: &Arrow, spots: &[Spot]) {
    let (Some(from), Some(to)) = (spots.get(arrow.from), spots.get(arrow.to)) else { return };
    let middle = |spot: &Spot| spot.y + HEIGHT / 2;
    let (y1, y2) = (middle(from), middle(to));
    // Forward arrows leave on the right and arrive on the left; those that go back, the other way about.
    let (x1, x2, bend) = match (from.x < to.x, from.x == to.x) {
        (true, _) => (from.x + from.width, to.x, 60),
        (false, false) => (from.x, to.x + to.width, -60),
        _ => (from.x + from.width, to.x + to.width, 60),
    };
    let (x1, x2) = (x1 as i64, x2 as i64);
    let second = if from.x == to.x { x2 + bend } else { x2 - bend };
    let _ = writeln!(
        svg,
        "<path class=\"arrow\" id=\"a{at}\" d=\"M{x1} {y1}C{} {y1} {second} {y2} {x2} {y2}\" marker-end=\"url(#tip)\"><title>{}</title></path>",
        x1 + bend,
        html(&arrow.label)
    );
    if !arrow.label.is_empty() && from.x < to.x {
        let (x, y) = ((x1 + x2) / 2, (y1 + y2) / 2 - 4);
        let _ = writeln!(svg, "<text class=\"label\" id=\"l{at}\" x=\"{x}\" y=\"{y}\">{}</text>", html(&arrow.label));
    }
}

/// Rows: each column ordered by the middle of what points to it.
fn spots(drawing: &Drawing) -> Vec<Spot> {
    let mut row = vec![0.0_f64; drawing.boxes.len()];
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); COLUMNS.len()];
    for (at, drawn) in drawing.boxes.iter().enumerate() {
        columns.get_mut(drawn.column).into_iter().for_each(|column| column.push(at));
    }
    for column in &mut columns {
        let weight = |at: usize| {
            let from: Vec<f64> =
                drawing.arrows.iter().filter(|arrow| arrow.to == at).filter_map(|arrow| row.get(arrow.from).copied()).collect();
            if from.is_empty() { f64::MAX } else { from.iter().sum::<f64>() / from.len() as f64 }
        };
        let mut weighted: Vec<(f64, usize)> = column.iter().map(|at| (weight(*at), *at)).collect();
        weighted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        *column = weighted.into_iter().map(|(_, at)| at).collect();
        for (place, at) in column.iter().enumerate() {
            row.get_mut(*at).into_iter().for_each(|row| *row = place as f64);
        }
    }
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1);
    let spot = |(at, drawn): (usize, &super::drawing::Box)| {
        let own = columns.get(drawn.column).map_or(1, Vec::len);
        let offset = (tallest - own) * ROW / 2;
        let y = 10 + offset + row.get(at).map_or(0, |row| *row as usize) * ROW;
        let x = COLUMNS.get(drawn.column).copied().unwrap_or_default();
        Spot { x, y, width: if drawn.column == 0 { FIRST } else { WIDTH } }
    };
    drawing.boxes.iter().enumerate().map(spot).collect()
}

fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
