//! Certificates of suggestions as JSON. `docs/certificates.md` documents the shape; `recommender` reads them again.

use crate::recommender::Certificate;

/// The text of a certificate, with a line break at its end.
pub fn render(certificate: &Certificate) -> Result<String, String> {
    let text = serde_json::to_string_pretty(certificate).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}
