//! An experiment in the fragment of a link: JSON, raw deflate, base64url without padding.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use miniz_oxide::{
    deflate::compress_to_vec,
    inflate::{TINFLStatus, decompress_to_vec_with_limit},
};

use super::{ExperimentConfig, RawExperiment};
use crate::error::LabError;

/// No document is longer than this many bytes; a link that inflates further is refused unread.
const MAX_DOCUMENT_BYTES: usize = 1 << 18;
/// The strongest compression: links are short-lived to make and long-lived to share.
const COMPRESSION_LEVEL: u8 = 10;

/// The fragment that carries `document` whole, every field included, so that a later change of a
/// default does not change what a link means.
///
/// # Panics
/// Never: the raw form is plain JSON.
pub fn encode(document: &RawExperiment) -> String {
    let json = serde_json::to_vec(document).expect("the raw form is plain JSON");
    URL_SAFE_NO_PAD.encode(compress_to_vec(&json, COMPRESSION_LEVEL))
}

/// The experiment in a fragment, with or without its leading `#`.
///
/// # Errors
/// [`LabError::Link`] when the fragment is damaged, [`LabError::Config`] when the document in it has
/// problems or comes from a newer version.
pub fn decode(fragment: &str) -> Result<ExperimentConfig, LabError> {
    let damaged = |what: &str| LabError::Link(format!("{what}; copy it again in full from where it was shared"));
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    if fragment.is_empty() {
        return Err(LabError::Link("it ends before the experiment begins".to_owned()));
    }
    let packed = URL_SAFE_NO_PAD
        .decode(fragment)
        .map_err(|_| damaged("it is cut short or holds characters that do not belong in it"))?;
    let json = decompress_to_vec_with_limit(&packed, MAX_DOCUMENT_BYTES).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => LabError::Link(format!(
            "it unpacks to more than {MAX_DOCUMENT_BYTES} bytes, which no experiment needs; do not trust its source"
        )),
        _ => damaged("it is cut short or altered"),
    })?;
    let json = String::from_utf8(json).map_err(|_| damaged("it does not unpack to text"))?;
    Ok(ExperimentConfig::from_json(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PRESETS, VERSION};

    fn fragment(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(compress_to_vec(json.as_bytes(), 6))
    }

    fn reason(fragment: &str) -> String {
        decode(fragment).unwrap_err().to_string()
    }

    #[test]
    fn a_link_restores_every_preset_exactly() {
        for preset in &PRESETS {
            let experiment = preset.experiment();
            let link = encode(experiment.document());
            assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{link}");
            assert!(link.len() < 2000, "{} has {} characters", preset.id, link.len());
            assert_eq!(decode(&link).unwrap(), experiment);
            assert_eq!(decode(&format!("#{link}")).unwrap(), experiment);
        }
    }

    #[test]
    fn any_link_cut_short_is_refused() {
        let link = encode(PRESETS[0].experiment().document());
        for length in 0..link.len() {
            assert!(matches!(decode(&link[..length]), Err(LabError::Link(_))), "{length} of {}", link.len());
        }
    }

    #[test]
    fn altered_links_are_refused_in_words() {
        let link = encode(PRESETS[0].experiment().document());
        assert!(reason(&link.replacen(&link[10..12], "!!", 1)).contains("characters that do not belong"));
        assert!(reason(&link.to_lowercase()).contains("cut short or altered"));
        assert!(reason(&fragment("no JSON")).contains("document: is not valid JSON"));
    }

    #[test]
    fn a_link_from_a_newer_version_says_so() {
        let newer = fragment(&format!(r#"{{"version": {}, "dreams": []}}"#, VERSION + 1));
        assert!(reason(&newer).contains("comes from a newer one"), "{}", reason(&newer));
    }

    #[test]
    fn a_link_that_unpacks_without_end_is_refused() {
        assert!(reason(&fragment(&" ".repeat(MAX_DOCUMENT_BYTES + 1))).contains("do not trust"));
    }

    #[test]
    fn values_in_a_link_are_checked_like_any_document() {
        let link = fragment(&PRESETS[0].json.replacen("\"layers\": 2", "\"layers\": 200", 1));
        assert!(reason(&link).contains("model.layers: must lie between 1 and 12, not 200"), "{}", reason(&link));
    }
}
