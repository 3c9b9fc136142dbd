//! The engine as its users see it, and as crashes and full disks leave it.

mod arrivals;
mod crash;
mod faults;
mod fixture;
mod model;
mod ownership;
mod settling;
mod speed;
