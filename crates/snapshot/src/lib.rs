//! snapshot format, store, ladder
