//! The engine as its users see it, and as crashes and full disks leave it.

mod arrivals;
mod corrections;
mod crash;
mod faults;
mod fixture;
mod holds;
mod hourly;
mod migration;
mod model;
mod ownership;
mod replays;
mod retention;
mod sealing;
mod settling;
mod speed;
mod stages;
