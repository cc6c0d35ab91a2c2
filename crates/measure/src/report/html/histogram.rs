use plotters::prelude::*;

use super::chart::{colours, wrap};
use crate::report::Row;

const SIZE: (u32, u32) = (620, 260);

/// Charts of one report: more say no more.
const CHARTS_MAX: usize = 12;

/// How large the batches were, for each row whose batches were not all of one size.
pub(super) fn histograms(rows: &[Row]) -> String {
    rows.iter().filter(|row| row.batch_sizes.len() > 1).take(CHARTS_MAX).map(figure).collect()
}

fn figure(row: &Row) -> String {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let drawn = draw(&root, row);
    drop(root);
    if drawn.is_err() {
        return String::new();
    }
    wrap(&format!("Rows of a batch: {}", row.name()), &svg, std::iter::empty())
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    row: &Row,
) -> Result<(), Box<dyn std::error::Error>> {
    let said = |error: DrawingAreaErrorKind<std::io::Error>| error.to_string();
    let (ink, grid, bar, font) = colours();
    let total: u64 = row.batch_sizes.values().sum();
    let share = |count: u64| count as f64 / total as f64;
    let widest = row.batch_sizes.keys().next_back().copied().unwrap_or(1) as f64;
    let most = row.batch_sizes.values().map(|&count| share(count)).fold(0.0, f64::max);
    let mut builder = ChartBuilder::on(root);
    builder.margin(8).margin_right(16).x_label_area_size(38).y_label_area_size(72);
    let mut area = builder.build_cartesian_2d(0.5..widest + 0.5, 0.0..most * 1.1).map_err(said)?;
    area.configure_mesh()
        .bold_line_style(grid)
        .light_line_style(TRANSPARENT)
        .axis_style(ink)
        .label_style(font.into_font().color(&ink))
        .axis_desc_style(font.into_font().color(&ink))
        .disable_x_mesh()
        .x_desc("rows")
        .y_desc("of all batches")
        .x_label_formatter(&|rows| format!("{rows:.0}"))
        .y_label_formatter(&|share| format!("{:.1} %", 100.0 * share))
        .draw()
        .map_err(said)?;
    let bars = row.batch_sizes.iter().map(|(&rows, &count)| {
        let middle = rows as f64;
        Rectangle::new([(middle - 0.4, 0.0), (middle + 0.4, share(count))], bar.filled())
    });
    area.draw_series(bars).map_err(said)?;
    root.present().map_err(said)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_batches_of_several_sizes_are_drawn() {
        let row = |sizes: &[(usize, u64)]| Row {
            strategy: "callers",
            batch_sizes: sizes.iter().copied().collect(),
            ..Row::default()
        };
        let drawn = histograms(&[row(&[(1, 5), (8, 20)]), row(&[(8, 3)]), row(&[])]);
        assert_eq!(drawn.matches("<figure>").count(), 1);
        assert!(drawn.contains("Rows of a batch: callers"), "{drawn}");
    }
}
