//! Words from outside as a message may carry them: cut, and texts escaped.

/// How many characters of a text from outside are quoted.
const MAX_QUOTED_CHARACTERS: usize = 64;

/// How many characters of another component's message are passed on.
const MAX_PASSED_CHARACTERS: usize = 300;

/// A text from outside: quoted, escaped and cut.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED_CHARACTERS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Another component's message, cut; it may hold a whole schema.
pub(crate) fn passed_on(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_PASSED_CHARACTERS) {
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut() {
        assert_eq!(quoted("a\n"), "\"a\\n\"");
        assert_eq!(quoted(&"é".repeat(65)), format!("\"{}\"…", "é".repeat(64)));
        assert_eq!(passed_on("x".repeat(300)), "x".repeat(300));
        assert_eq!(passed_on("é".repeat(301)), format!("{}…", "é".repeat(300)));
    }
}
