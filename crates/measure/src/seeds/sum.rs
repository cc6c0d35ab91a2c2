/// A sum of numbers and `+ - * /` between blanks, products before the rest: `3 + 38291 / 1115`. `None` for anything else.
pub(super) fn sum(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    let mut total = 0.0;
    let (mut sign, mut product) = (1.0, words.next()?.parse::<f64>().ok()?);
    while let Some(operator) = words.next() {
        let next: f64 = words.next()?.parse().ok()?;
        match operator {
            "*" => product *= next,
            "/" => product /= next,
            "+" | "-" => {
                total += sign * product;
                sign = if operator == "+" { 1.0 } else { -1.0 };
                product = next;
            }
            _ => return None,
        }
    }
    Some(total + sign * product).filter(|sum| sum.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_come_before_the_rest() {
        assert_eq!(sum("50600 / 1100"), Some(46.0));
        assert_eq!(sum("50 + 50 + 30 - 10 * 2"), Some(110.0));
        assert_eq!(sum("2 * 3 / 4 + 1"), Some(2.5));
    }

    #[test]
    fn what_is_no_sum_has_none() {
        for text in ["", "1 +", "1 ^ 2", "a", "1 / 0", "1 2"] {
            assert_eq!(sum(text), None, "{text}");
        }
    }
}
