//! The Z3 engine: encoding, decoding, sessions.
