//! Every KPI of the catalogue, from events through the fold and the board, against the naive oracle of the KPIs.

#[cfg(test)]
mod compare;
#[cfg(test)]
mod everywhere;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod records;
