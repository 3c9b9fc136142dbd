//! Records, as they stand once they have arrived.

use std::sync::Arc;

use bytes::Bytes;
use cdr_gateway::record::{Arrival, ArrivalId, Document, Kind, Pointer, Seq, Tags};
use jiff::Timestamp;
use uuid::Uuid;

/// The vendor's sample.
pub const SEED: &str = include_str!("../../../tests/records/seed.json");
/// A call with legs, and the traps.
pub const TRANSFER: &str = include_str!("../../../tests/records/inbound-transfer.json");

pub fn document(text: &'static str) -> Document {
    Document::parse(Bytes::from_static(text.as_bytes())).unwrap()
}

pub fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

pub fn arrival(text: &'static str) -> Arc<Arrival> {
    Arc::new(Arrival {
        seq: Seq(1),
        id: ArrivalId(Uuid::from_u128(0x0193_5b5e_6d1c_7e30_9c1f_2b1f_5c1d_0e4a)),
        received: Timestamp::from_second(1_732_240_831).unwrap(),
        source: Arc::from("tccc"),
        kind: Kind::Cdr,
        session: Some(Arc::from("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232")),
        tags: Tags::new(),
        defect: None,
        body: Bytes::from_static(text.as_bytes()),
        corrections: Vec::new(),
    })
}
