//! The record: an arrival, and its document as plugins, routes and the guard see it.

pub mod arrival;
pub mod correction;
pub mod document;
pub mod pattern;
pub mod pointer;
pub mod string;

pub use arrival::{Arrival, ArrivalId, Defect, Kind, Seq, Tags};
pub use correction::Correction;
pub use document::{Document, DocumentError, EditError};
pub use pattern::{NumberPlaces, Pattern, PatternTree};
pub use pointer::{Pointer, PointerError};
