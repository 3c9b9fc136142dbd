//! Who may send, and over what: TLS of the listeners.

mod tls;
