//! bongsu.
