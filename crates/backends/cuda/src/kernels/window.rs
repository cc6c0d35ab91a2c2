//! Windows that move over spatial axes, as loops.

use std::fmt::Write as _;

use phalanx_plan::Window;

/// Loops over the elements of a window at `o0, o1, ..` that lie in the input, around `body`. In it `k0, k1, ..` number
/// the element in the window and `i0, i1, ..` in the input.
pub(super) fn loops(windows: &[Window], body: &str) -> String {
    let mut text = String::new();
    for (axis, window) in windows.iter().enumerate() {
        let Window { input, kernel, stride, dilation, pad_before, pad_after: _, output: _ } = window;
        let _ = writeln!(
            text,
            "#pragma unroll\n    for (unsigned k{axis} = 0; k{axis} < {kernel}u; ++k{axis}) {{"
        );
        // Before the first element it wraps around to a large number.
        let place = format!("o{axis} * {stride}u + k{axis} * {dilation}u - {pad_before}u");
        let _ = writeln!(text, "    const unsigned i{axis} = {place};");
        let _ = writeln!(text, "    if (i{axis} >= {input}u) continue;");
    }
    text.push_str(body);
    windows.iter().for_each(|_| text.push_str("    }\n"));
    text
}

/// A sum of the numbers of axes `letter0, letter1, ..`, each times its stride.
pub(super) fn place(letter: char, strides: &[usize]) -> String {
    let terms = strides.iter().enumerate().filter(|(_, stride)| **stride > 0);
    let terms: Vec<String> = terms.map(|(axis, stride)| format!("{letter}{axis} * {stride}u")).collect();
    if terms.is_empty() { "0u".to_owned() } else { terms.join(" + ") }
}

/// Names of the axes of a result: image, channel, and the spatial ones.
pub(super) fn names(spatial: usize) -> Vec<String> {
    let fixed = ["image", "channel"].map(str::to_owned);
    fixed.into_iter().chain((0..spatial).map(|axis| format!("o{axis}"))).collect()
}

/// Declares these variables by the number `at` of a result, whose axes lie in the order of `store`; `widths` is how
/// many of each axis a thread has.
pub(super) fn coordinates(names: &[String], shape: &[usize], store: &[usize], widths: &[usize]) -> String {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    order.sort_by_key(|&axis| (std::cmp::Reverse(store[axis]), axis));
    let mut text = String::new();
    let mut inside = 1;
    for (place, &axis) in order.iter().enumerate().rev() {
        let (name, width) = (&names[axis], widths[axis]);
        let size = shape[axis] / width;
        let number = if place == 0 { format!("at / {inside}u") } else { format!("at / {inside}u % {size}u") };
        let _ = writeln!(text, "    const unsigned {name} = {number} * {width}u;");
        inside *= size;
    }
    text
}
