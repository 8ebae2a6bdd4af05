//! An experiment in the fragment of a link, and with it the results that a replay should find again.
//!
//! ```text
//! document [ "." "f" fingerprint ]
//! ```
//!
//! Both parts are JSON, raw deflate, base64url without padding. The document and the fingerprint each name their
//! version inside. Links from before there were fingerprints are a document alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use miniz_oxide::{
    deflate::compress_to_vec,
    inflate::{TINFLStatus, decompress_to_vec_with_limit},
};
use serde::Serialize;

use super::{ExperimentConfig, RawExperiment};
use crate::error::LabError;
use crate::fingerprint::Fingerprint;

/// No part is longer than this many bytes; a link that inflates further is refused unread.
const MAX_PART_BYTES: usize = 1 << 18;
/// The strongest compression: links are short-lived to make and long-lived to share.
const COMPRESSION_LEVEL: u8 = 10;
/// Stands between the parts; base64url has no such character.
const SEPARATOR: char = '.';
/// First letter of the part that is a fingerprint.
const FINGERPRINT: char = 'f';

/// What a link holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The experiment.
    pub experiment: ExperimentConfig,
    /// The results of the run that was shared, if it was finished.
    pub fingerprint: Option<Fingerprint>,
}

/// The fragment that carries `document` whole, every field included, so that a later change of a
/// default does not change what a link means.
///
/// # Panics
/// Never: the raw form is plain JSON.
pub fn encode(document: &RawExperiment, fingerprint: Option<&Fingerprint>) -> String {
    let mut link = pack(document);
    if let Some(fingerprint) = fingerprint {
        link.extend([SEPARATOR, FINGERPRINT]);
        link.push_str(&pack(fingerprint));
    }
    link
}

/// What a fragment holds, with or without its leading `#`.
///
/// # Errors
/// [`LabError::Link`] when the fragment is damaged, [`LabError::Config`] when the document in it has
/// problems or comes from a newer version.
pub fn decode(fragment: &str) -> Result<Link, LabError> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    if fragment.is_empty() {
        return Err(LabError::Link("it ends before the experiment begins".to_owned()));
    }
    let mut parts = fragment.split(SEPARATOR);
    let experiment = ExperimentConfig::from_json(&unpack(parts.next().unwrap_or_default())?)?;
    let mut fingerprint = None;
    for part in parts {
        let Some(packed) = part.strip_prefix(FINGERPRINT) else {
            let what = "it holds a part that this nmflow does not know: it is damaged or from a newer one";
            return Err(LabError::Link(format!("{what}; reload the page or update the program")));
        };
        let read = serde_json::from_str(&unpack(packed)?);
        fingerprint = Some(read.map_err(|error| LabError::Link(format!("its fingerprint cannot be read ({error})")))?);
    }
    Ok(Link { experiment, fingerprint })
}

fn pack(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("the raw form is plain JSON");
    URL_SAFE_NO_PAD.encode(compress_to_vec(&json, COMPRESSION_LEVEL))
}

fn unpack(part: &str) -> Result<String, LabError> {
    let damaged = |what: &str| LabError::Link(format!("{what}; copy it again in full from where it was shared"));
    let packed = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| damaged("it is cut short or holds characters that do not belong in it"))?;
    let json = decompress_to_vec_with_limit(&packed, MAX_PART_BYTES).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => LabError::Link(format!(
            "it unpacks to more than {MAX_PART_BYTES} bytes, which no experiment needs; do not trust its source"
        )),
        _ => damaged("it is cut short or altered"),
    })?;
    String::from_utf8(json).map_err(|_| damaged("it does not unpack to text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PRESETS, VERSION};
    use crate::fingerprint::LaneFingerprint;

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
            let link = encode(experiment.document(), None);
            assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{link}");
            assert!(link.len() < 2000, "{} has {} characters", preset.id, link.len());
            assert_eq!(decode(&link).unwrap().experiment, experiment);
            assert_eq!(decode(&format!("#{link}")).unwrap().experiment, experiment);
        }
    }

    #[test]
    fn any_link_cut_short_is_refused() {
        let link = encode(PRESETS[0].experiment().document(), None);
        for length in 0..link.len() {
            assert!(matches!(decode(&link[..length]), Err(LabError::Link(_))), "{length} of {}", link.len());
        }
    }

    #[test]
    fn altered_links_are_refused_in_words() {
        let link = encode(PRESETS[0].experiment().document(), None);
        assert!(reason(&link.replacen(&link[10..12], "!!", 1)).contains("characters that do not belong"));
        // No deflate stream begins with a block of the reserved type.
        assert!(reason(&URL_SAFE_NO_PAD.encode([0xff; 40])).contains("cut short or altered"));
        assert!(reason(&fragment("no JSON")).contains("document: is not valid JSON"));
    }

    #[test]
    fn a_link_from_a_newer_version_says_so() {
        let newer = fragment(&format!(r#"{{"version": {}, "dreams": []}}"#, VERSION + 1));
        assert!(reason(&newer).contains("comes from a newer one"), "{}", reason(&newer));
    }

    #[test]
    fn a_link_that_unpacks_without_end_is_refused() {
        assert!(reason(&fragment(&" ".repeat(MAX_PART_BYTES + 1))).contains("do not trust"));
    }

    #[test]
    fn values_in_a_link_are_checked_like_any_document() {
        let link = fragment(&PRESETS[0].json.replacen("\"layers\": 2", "\"layers\": 200", 1));
        assert!(reason(&link).contains("model.layers: must lie between 1 and 12, not 200"), "{}", reason(&link));
    }

    /// A link made before there were fingerprints, byte for byte.
    #[test]
    fn a_link_of_the_first_version_still_opens() {
        let old = "PY_BDsIgEER_hXC2plbl4M2DP2C9GWOwrCkpXUi3MTEN_-5urZ6YmX3MwqRfMJCPqA9qs1IabQ8s9RFVDE4Fj53meLTUcTzpzqOTObU2AckIoye5Uq5NZttHB2FGg31zNcuK4xasE71j7e4_yHzt8ynU3rBJdmxa4aQrWAS5dJ3-76rPRX05yd4BGp_mjIaCRpBsLmJ4-Uwvp8n5xpqJJF2mLNk9ljXbKn8A";
        let link = decode(old).unwrap();
        assert_eq!(link.experiment.name(), "An old link");
        assert_eq!(link.fingerprint, None);
    }

    #[test]
    fn a_fingerprint_travels_along_and_the_link_stays_short() {
        let experiment = PRESETS[0].experiment();
        let steps: Vec<u32> = (1..=60).map(|report| report * 10).collect();
        let value = |key: &str, report: usize| {
            let measured = key.starts_with("train") || (report + 1).is_multiple_of(5);
            if measured { 1.0 / (report + key.len()) as f64 } else { f64::NAN }
        };
        let lane = |weights| LaneFingerprint::new(weights, &steps, value);
        let fingerprint = Fingerprint::new("CPU", &steps, (0..4).map(lane).collect());
        let link = encode(experiment.document(), Some(&fingerprint));
        assert!(link.len() < 5000, "{} characters", link.len());
        assert_eq!(decode(&link).unwrap(), Link { experiment, fingerprint: Some(fingerprint) });
    }

    #[test]
    fn an_unknown_or_damaged_second_part_is_refused_in_words() {
        let link = encode(PRESETS[0].experiment().document(), None);
        assert!(reason(&format!("{link}.zAAAA")).contains("from a newer one"));
        let wrong = fragment(r#"{"version": 1, "surprise": true}"#);
        assert!(reason(&format!("{link}.f{wrong}")).contains("surprise"));
    }
}
