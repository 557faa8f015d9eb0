//! The program as it is called: exit codes, files and what it says.

#[cfg(test)]
mod balance;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod health;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run;
