//! Text that is safe to print.

/// Escapes control characters, and those that are invisible or change the reading direction, as
/// `\u{…}`. Line breaks stay.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = c.is_control() && c != '\n';
        let hides = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if steers || hides {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_from_a_file_cannot_steer_the_terminal() {
        assert_eq!(escaped("Grüße, 熊 🐻\nzwei"), "Grüße, 熊 🐻\nzwei");
        assert_eq!(
            escaped("\x1b[2Ja\r\u{9b}\u{202e}b\0"),
            r"\u{1b}[2Ja\u{d}\u{9b}\u{202e}b\u{0}"
        );
    }
}
