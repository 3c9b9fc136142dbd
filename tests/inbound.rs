//! Who may send, from where, and over what.

mod addresses;
mod oauth2;
mod tls;
