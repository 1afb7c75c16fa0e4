//! The text of a bug report: no pictures, prompts or names.

/// Replaces what stands in quotes: it may be the user's own words (file names, prompts, titles).
pub fn without_quotes(text: &str) -> String {
    let closing = |open: char| match open {
        '“' => Some('”'),
        '‘' => Some('’'),
        '\'' | '"' => Some(open),
        _ => None,
    };
    let mut kept = String::new();
    let mut characters = text.chars();
    let mut last = ' ';
    while let Some(c) = characters.next() {
        kept.push(c);
        // An apostrophe inside a word is no opening quote.
        if let Some(close) = closing(c).filter(|_| !last.is_alphanumeric()) {
            if characters.by_ref().any(|next| next == close) {
                kept.push('…');
                kept.push(close);
            } else {
                kept.push('…');
                return kept;
            }
        }
        last = c;
    }
    kept
}

/// Joins the lines of a report, each as `name: value`.
pub fn report(lines: &[(&str, String)]) -> String {
    let written: Vec<String> = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    written.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_quotes_stays_here() {
        assert_eq!(
            without_quotes("The word 'Rex' is not in “photo of Rex”. Don't mind."),
            "The word '…' is not in “…”. Don't mind."
        );
        assert_eq!(without_quotes("cut \"in the mid"), "cut \"…");
        assert_eq!(without_quotes("plain"), "plain");
    }

    #[test]
    fn a_report_is_lines_of_name_and_value() {
        let lines = [("a", "1".to_owned()), ("b", "2".to_owned())];
        assert_eq!(report(&lines), "a: 1\nb: 2");
    }
}
