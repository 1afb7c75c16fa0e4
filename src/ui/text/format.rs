//! Formats of numbers and times, and shortening of untrusted text.

/// '1 picture', '4 pictures'.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// '2 min 05 s'.
pub fn duration(seconds: f32) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// '38 KB', '1.7 MB': the size of something in memory.
pub fn bytes(n: usize) -> String {
    size(n as u64)
}

/// '38 KB', '1.7 MB', '2.1 GB'.
pub fn size(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.0} KB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// '18,760 numbers'.
pub fn numbers(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if n == 1 { "number" } else { "numbers" })
}

/// The date of an ISO 8601 time; other text is only shortened.
pub fn day(date: &str) -> String {
    shorten(date.split('T').next().unwrap_or(date), 40)
}

/// At most `limit` characters of an untrusted text, without control characters.
pub fn shorten(text: &str, limit: usize) -> String {
    let mut characters = text.chars().filter(|c| !c.is_control());
    let mut short: String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(duration(7.4), "7 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7260.0), "2 h 01 min");
        assert_eq!(duration(f32::NAN), "–");
    }

    #[test]
    fn sizes_take_the_unit_that_fits() {
        let cases = [
            (999, "999 bytes"),
            (38_400, "38 KB"),
            (1_700_000, "1.7 MB"),
            (2_132_000_000, "2.1 GB"),
        ];
        for (n, text) in cases {
            assert_eq!(size(n), text);
        }
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(numbers(18_760), "18,760 numbers");
        assert_eq!(numbers(1_000_000), "1,000,000 numbers");
        assert_eq!(numbers(1), "1 number");
    }

    #[test]
    fn outside_text_is_cut_and_has_no_control_characters() {
        assert_eq!(shorten("a\u{0}b\nc", 9), "abc");
        assert_eq!(shorten("ääää", 2), "ää…");
    }
}
