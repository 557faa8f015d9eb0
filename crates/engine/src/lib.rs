//! the fold: history, contributions, cells, activities, horizons
