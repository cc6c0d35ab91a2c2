//! Walks through memory as arithmetic on the numbers that a thread has.

use std::fmt::Write as _;

/// Axes that one number of a thread stands for, outermost first: the size and the stride of each.
pub(super) type Axes = Vec<(usize, usize)>;

/// How the elements of an operand lie under the numbers of a thread, each of which stands for some axes of the
/// operation, the first for the batch. Axes that lie behind each other are joined, so that the arithmetic is as short as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strand {
    groups: Vec<Joined>,
}

/// Axes without those that only continue the one inside of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// Outermost first.
    axes: Axes,
}

/// How the elements of neighbouring lanes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// All lanes have the same element.
    Same,
    /// They lie next to each other, and the first is aligned.
    Dense,
    /// They lie this many elements apart.
    Apart(usize),
}

impl Strand {
    /// A strand over groups of axes.
    pub(super) fn new(groups: &[Axes]) -> Self {
        Self { groups: groups.iter().map(|axes| Joined::new(axes)).collect() }
    }

    /// How `width` neighbouring lanes lie, which are numbered by the last axis of a group; `None` where no single
    /// distance says it. The number of that group is a multiple of `width`.
    pub(super) fn lanes(&self, group: usize, width: usize, offset: usize) -> Option<Lanes> {
        let (size, stride) = self.groups[group].axes.last().copied().unwrap_or((1, 0));
        if width == 1 || !size.is_multiple_of(width) {
            return (width == 1).then_some(Lanes::Apart(0));
        }
        let is_aligned = offset.is_multiple_of(width) && self.is_multiple(group, width);
        Some(match stride {
            0 => Lanes::Same,
            1 if is_aligned => Lanes::Dense,
            _ => Lanes::Apart(stride),
        })
    }

    /// Whether every step but those of the lanes is a multiple of `width`.
    fn is_multiple(&self, group: usize, width: usize) -> bool {
        let others = self.groups.iter().enumerate().flat_map(|(index, joined)| {
            let count = joined.axes.len() - usize::from(index == group);
            &joined.axes[..count]
        });
        others.into_iter().all(|&(size, stride)| size == 1 || stride.is_multiple_of(width))
    }

    /// The offset in elements as an expression of the groups' numbers: `unsigned` variables of these names.
    pub(super) fn offset(&self, names: &[&str]) -> String {
        let mut wide = Vec::new();
        let mut narrow = Vec::new();
        let mut reach = 0_usize;
        for (group, (joined, name)) in self.groups.iter().zip(names).enumerate() {
            let mut inside = 1_usize;
            for (index, &(size, stride)) in joined.axes.iter().enumerate().rev() {
                let coordinate = coordinate(name, inside, (index > 0).then_some(size));
                inside = inside.saturating_mul(size);
                if stride == 0 {
                    continue;
                }
                let is_counted = group == 0 && index == 0;
                let term = if stride == 1 { coordinate } else { format!("{coordinate} * {stride}u") };
                if is_counted {
                    wide.push(term);
                } else {
                    reach = reach.saturating_add((size - 1).saturating_mul(stride));
                    narrow.push(term);
                }
            }
        }
        let mut text = String::new();
        for term in wide {
            let _ = write!(text, "{}(size_t){term}", if text.is_empty() { "" } else { " + " });
        }
        for term in narrow {
            let cast = if i32::try_from(reach).is_ok() { "" } else { "(size_t)" };
            let _ = write!(text, "{}{cast}{term}", if text.is_empty() { "" } else { " + " });
        }
        if text.is_empty() { "0".to_owned() } else { text }
    }
}

fn coordinate(name: &str, inside: usize, size: Option<usize>) -> String {
    let divided = if inside == 1 { name.to_owned() } else { format!("({name} / {inside}u)") };
    match size {
        Some(size) => format!("({divided} % {size}u)"),
        None => divided,
    }
}

impl Joined {
    /// Axes as (size, stride), those that lie behind each other joined and those of size 1 left out.
    pub(super) fn new(axes: &[(usize, usize)]) -> Self {
        let mut joined: Axes = Vec::new();
        for &(size, stride) in axes.iter().rev().filter(|(size, _)| *size != 1) {
            match joined.first_mut() {
                Some((inner, inner_stride)) if stride == *inner * *inner_stride => *inner *= size,
                _ => joined.insert(0, (size, stride)),
            }
        }
        Self { axes: joined }
    }

    /// What is left.
    pub(super) fn axes(&self) -> &[(usize, usize)] {
        &self.axes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_densely_needs_no_arithmetic() {
        let dense = Strand::new(&[vec![(32, 12), (3, 4), (4, 1)]]);
        assert_eq!(dense.offset(&["at"]), "(size_t)at");
        let bias = Strand::new(&[vec![(32, 0), (3, 0), (4, 1)]]);
        assert_eq!(bias.offset(&["at"]), "(at % 4u)");
        let turned = Strand::new(&[vec![(32, 12), (4, 1), (3, 4)]]);
        assert_eq!(turned.offset(&["at"]), "(size_t)(at / 12u) * 12u + (at % 3u) * 4u + ((at / 3u) % 4u)");
    }

    #[test]
    fn the_outermost_size_does_not_show() {
        for strides in [[12, 4, 1], [24, 1, 8], [4, 0, 1], [0, 0, 1]] {
            let texts = [2, 64].map(|count| {
                let sizes = [count, 3, 4];
                Strand::new(&[sizes.into_iter().zip(strides).collect()]).offset(&["at"])
            });
            assert_eq!(texts[0], texts[1]);
        }
    }

    #[test]
    fn lanes_lie_densely_apart_or_nowhere() {
        let strand = |axes: &[(usize, usize)]| Strand::new(&[vec![(2, 96)], axes.to_vec()]);
        assert_eq!(strand(&[(8, 4), (4, 1)]).lanes(1, 4, 0), Some(Lanes::Dense));
        assert_eq!(strand(&[(8, 4), (4, 1)]).lanes(1, 4, 2), Some(Lanes::Apart(1)));
        assert_eq!(strand(&[(8, 5), (4, 1)]).lanes(1, 4, 0), Some(Lanes::Apart(1)));
        assert_eq!(strand(&[(8, 1), (4, 8)]).lanes(1, 4, 0), Some(Lanes::Apart(8)));
        assert_eq!(strand(&[(8, 1), (4, 0)]).lanes(1, 4, 0), Some(Lanes::Same));
        assert_eq!(strand(&[(8, 9), (7, 1)]).lanes(1, 4, 0), None);
        // A single element has no neighbours.
        assert_eq!(strand(&[(1, 1)]).lanes(1, 4, 0), None);
    }
}
