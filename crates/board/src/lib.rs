//! the read side: partials in, roll-ups and views out
