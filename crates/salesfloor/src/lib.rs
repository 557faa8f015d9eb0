//! a simulated sales floor: scenario, generator, naive oracle
