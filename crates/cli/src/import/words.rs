//! Word maps: what a table calls something, and what it is called here.
//!
//! A word that is not in the map is kept, replaced or refused, as the mapping says; refusing is the default.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::mapping::{Otherwise, Words};
use super::problem::shown;

/// How many words of a map a message lists.
const LISTED_WORDS: usize = 20;

/// A word map, ready to be asked.
#[derive(Debug)]
pub(super) struct WordMap {
    name: String,
    words: BTreeMap<String, String>,
    otherwise: Otherwise,
    ignore_case: bool,
}

/// What a word becomes.
pub(super) enum Mapped<'w> {
    /// This word.
    To(&'w str),
    /// It stays as it is.
    Same,
}

impl WordMap {
    /// The map of a name.
    ///
    /// # Errors
    /// Words that differ in case alone, where case does not count.
    pub(super) fn new(name: &str, words: &Words) -> anyhow::Result<Self> {
        let mut map = BTreeMap::new();
        for (from, to) in &words.map {
            let key = if words.ignore_case { from.to_lowercase() } else { from.clone() };
            ensure!(
                map.insert(key, to.clone()).is_none(),
                "words.{name}: {from:?} is there twice when upper and lower case are the same"
            );
        }
        Ok(Self {
            name: name.to_owned(),
            words: map,
            otherwise: words.otherwise.clone(),
            ignore_case: words.ignore_case,
        })
    }

    /// What a word becomes; none where it is refused.
    pub(super) fn word(&self, text: &str) -> Option<Mapped<'_>> {
        let found =
            if self.ignore_case { self.words.get(&text.to_lowercase()) } else { self.words.get(text) };
        match (found, &self.otherwise) {
            (Some(word), _) | (None, Otherwise::Use(word)) => Some(Mapped::To(word)),
            (None, Otherwise::Keep) => Some(Mapped::Same),
            (None, Otherwise::Reject) => None,
        }
    }

    /// What a word is expected to be, in words.
    pub(super) fn expected(&self) -> String {
        let listed: Vec<_> = self.words.keys().take(LISTED_WORDS).map(|word| shown(word)).collect();
        let more = if self.words.len() > LISTED_WORDS { ", …" } else { "" };
        format!("one of {}{more}; add it to words.{} or set its otherwise", listed.join(", "), self.name)
    }
}
