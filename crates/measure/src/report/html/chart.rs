use std::ops::Range;

use plotters::prelude::*;

use crate::report::grouped;

/// Colours that stand for those of the page: each is replaced by a variable of its style sheet, which knows whether the
/// reader likes dark or light.
const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const SERIES: [RGBColor; SERIES_MAX] = [
    RGBColor(10, 1, 1),
    RGBColor(11, 1, 1),
    RGBColor(12, 1, 1),
    RGBColor(13, 1, 1),
    RGBColor(14, 1, 1),
    RGBColor(15, 1, 1),
    RGBColor(16, 1, 1),
    RGBColor(17, 1, 1),
];

/// Series of one chart that can be told apart by their colours.
pub(super) const SERIES_MAX: usize = 8;

const SIZE: (u32, u32) = (620, 340);
const FONT: (&str, u32) = ("sans-serif", 12);

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    /// Whether neighbours are joined by a line.
    pub(super) is_curve: bool,
}

/// What is drawn, and what along which axis. Both axes are logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) is_share: bool,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// As a figure with its legend; nothing where there are no points.
    pub(super) fn figure(&self) -> String {
        let drawn = || self.series.iter().flat_map(|series| series.points.iter().copied());
        let (Some(x), Some(y)) = (span(drawn().map(|(x, _)| x)), span(drawn().map(|(_, y)| y))) else {
            return String::new();
        };
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        // A string takes whatever is drawn into it: there is no error that could come of it.
        let drawn = draw(&root, self, x.0..x.1, y.0..y.1);
        drop(root);
        if drawn.is_err() {
            return String::new();
        }
        wrap(&self.title, &svg, self.series.iter().map(|series| &*series.name))
    }
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    chart: &Chart,
    x: Range<f64>,
    y: Range<f64>,
) -> Result<(), Box<dyn std::error::Error>> {
    let said = |error: DrawingAreaErrorKind<std::io::Error>| error.to_string();
    let (base_x, base_y) = (base(&x), base(&y));
    let (x, y) = (x.log_scale().base(base_x), y.log_scale().base(base_y));
    let mut builder = ChartBuilder::on(root);
    builder.margin(8).margin_right(16).x_label_area_size(38).y_label_area_size(72);
    let mut area = builder.build_cartesian_2d(x, y).map_err(said)?;
    let share = chart.is_share;
    let in_y = move |value: &f64| if share { format!("{} %", grouped(100.0 * value)) } else { short(*value) };
    area.configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(FONT.into_font().color(&INK))
        .axis_desc_style(FONT.into_font().color(&INK))
        .x_labels(9)
        .y_labels(7)
        .x_desc(chart.x)
        .y_desc(chart.y)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&in_y)
        .draw()
        .map_err(said)?;
    for (series, colour) in chart.series.iter().zip(SERIES) {
        if series.is_curve {
            let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2));
            area.draw_series(line).map_err(said)?;
        }
        let points = series.points.iter().map(|&point| Circle::new(point, 3, colour.filled()));
        area.draw_series(points).map_err(said)?;
    }
    root.present().map_err(said)?;
    Ok(())
}

/// Steps of two where steps of ten would leave an axis with hardly a mark.
fn base(range: &Range<f64>) -> f64 {
    if range.end / range.start < 2000.0 { 2.0 } else { 10.0 }
}

/// From the least to the most, with some room; nothing where there is no value above 0.
fn span(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let positive = values.filter(|value| *value > 0.0 && value.is_finite());
    let (low, high) =
        positive.fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    (high > 0.0).then_some((low / 1.15, high * 1.15))
}

/// A figure as short as an axis wants it: `12k`, `1.4M`.
pub(super) fn short(value: f64) -> String {
    let prefixes = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (size, prefix) = prefixes.into_iter().find(|(size, _)| value.abs() >= *size).unwrap_or((1.0, ""));
    let digits = format!("{:.2}", value / size);
    format!("{}{prefix}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A drawing in the page's colours, with a title and a legend.
pub(super) fn wrap<'a>(title: &str, svg: &str, names: impl Iterator<Item = &'a str>) -> String {
    let legend = names.enumerate().map(|(index, name)| {
        format!("<li><span class=\"s{index}\"></span>{}</li>", super::page::escaped(name))
    });
    let (title, legend) = (super::page::escaped(title), legend.collect::<String>());
    let svg = coloured(svg).replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1);
    format!("<figure><figcaption>{title}</figcaption>{svg}<ul class=\"legend\">{legend}</ul></figure>\n")
}

fn coloured(svg: &str) -> String {
    let named = |colour: RGBColor| format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
    let series =
        SERIES.iter().enumerate().map(|(index, colour)| (named(*colour), format!("var(--s{index})")));
    let fixed = [(named(INK), "var(--ink)".to_owned()), (named(GRID), "var(--line)".to_owned())];
    fixed.into_iter().chain(series).fold(svg.to_owned(), |svg, (from, to)| svg.replace(&from, &to))
}

/// The colours that other drawings have to use.
pub(super) fn colours() -> (RGBColor, RGBColor, RGBColor, (&'static str, u32)) {
    (INK, GRID, SERIES[0], FONT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_drawn_in_the_colours_of_the_page() {
        let series =
            Series { name: "a < b".to_owned(), points: vec![(1.0, 10.0), (256.0, 4e5)], is_curve: true };
        let title = "rate".to_owned();
        let chart = Chart { title, x: "n", y: "samples/s", is_share: false, series: vec![series] };
        let figure = chart.figure();
        assert!(figure.contains("<svg role=\"img\"") && figure.contains("var(--s0)"), "{figure}");
        assert!(figure.contains("var(--ink)") && figure.contains("var(--line)"));
        assert!(figure.contains("a &lt; b") && !figure.contains("#0A0101"));
        assert_eq!(Chart { series: Vec::new(), ..chart }.figure(), "");
    }

    #[test]
    fn axes_are_labelled_shortly() {
        let labels = [1.0, 0.5, 1500.0, 1.4e6, 2e9].map(short);
        assert_eq!(labels, ["1", "0.5", "1.5k", "1.4M", "2G"]);
    }
}
