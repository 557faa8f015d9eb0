//! Identifiers: strings from outside with a bound, and the small numbers that stand for them inside a fold.

use thiserror::Error;

/// The longest identifier that is accepted, in bytes of UTF-8. UUIDs and CRM record ids are well below.
pub const MAX_IDENTIFIER_BYTES: usize = 128;

/// Why a string is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// The string has no characters.
    #[error("is empty")]
    Empty,
    /// The string is longer than [`MAX_IDENTIFIER_BYTES`].
    #[error("is longer than {MAX_IDENTIFIER_BYTES} bytes")]
    TooLong,
    /// The string holds a control character, which no log line, label or table should have to carry.
    #[error("holds a control character")]
    ControlCharacter,
}

/// Checks the form of an identifier: 1 to [`MAX_IDENTIFIER_BYTES`] bytes, no control characters.
///
/// # Errors
/// The first rule that the string breaks. A retry gives the same answer.
pub fn check_identifier(text: &str) -> Result<(), IdentifierError> {
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(IdentifierError::TooLong);
    }
    let plain_ascii = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !plain_ascii && text.chars().any(char::is_control) {
        return Err(IdentifierError::ControlCharacter);
    }
    Ok(())
}

/// A rep, as a number that is dense within one table of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepIndex(pub u32);

/// A territory, as a number that is dense within one table of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TerritoryIndex(pub u32);

/// An activity's type, in the source's own word, as a number: dense, in order of first appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIndex(pub u16);

impl TypeIndex {
    /// The most types that can be told apart: the number must fit into a measure's code.
    pub const END: u16 = 1 << 15;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_a_form() {
        let long = "x".repeat(MAX_IDENTIFIER_BYTES + 1);
        for (text, expected) in [
            ("r17", Ok(())),
            ("Zoë 田中", Ok(())),
            (&long[1..], Ok(())),
            ("", Err(IdentifierError::Empty)),
            (&long, Err(IdentifierError::TooLong)),
            ("a\nb", Err(IdentifierError::ControlCharacter)),
            ("é\u{0}", Err(IdentifierError::ControlCharacter)),
        ] {
            assert_eq!(check_identifier(text), expected, "{text:?}");
        }
    }
}
