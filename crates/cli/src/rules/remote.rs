//! The samples of a Prometheus, as rules ask for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bongsu::rules::RuleFile;
use bongsu_rules::{Labels, Sample, Series};
use jiff::Timestamp;
use reqwest::{Client, Url};
use serde_json::Value;

use crate::Failure;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// So much is asked for at once: an answer holds every sample.
const AT_ONCE_MS: i64 = 6 * 3_600_000;

/// Every sample of the last `since_ms`, and as far before as the rules look, of the series that the rules ask for.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub(super) async fn samples(
    url: &str,
    rules: &[RuleFile],
    since_ms: i64,
) -> Result<Vec<Series>, Failure> {
    let asked = |what: &str| Failure::Wrong(format!("--prometheus {url}: {what}"));
    let mut base: Url = url.parse().map_err(|error| asked(&format!("{error}")))?;
    base.set_path(&format!(
        "{}/api/v1/query",
        base.path().trim_end_matches('/')
    ));
    let client = Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| asked(&error.to_string()))?;
    let all = rules.iter().flat_map(|file| &file.groups);
    let all: Vec<_> = all.flat_map(|group| &group.rules).collect();
    let reach_ms = all.iter().map(|rule| rule.reach_ms()).max().unwrap_or(0);
    let expressions = all.iter().flat_map(|rule| rule.expressions());
    let selectors = expressions.flat_map(|it| it.selectors());
    let selectors: BTreeSet<String> = selectors.map(ToString::to_string).collect();
    let now_ms = Timestamp::now().as_millisecond();
    let from_ms = now_ms.saturating_sub(since_ms).saturating_sub(reach_ms);
    let mut found: BTreeMap<Vec<(String, String)>, BTreeMap<i64, f64>> = BTreeMap::new();
    for selector in &selectors {
        let mut to_ms = now_ms;
        while to_ms > from_ms {
            let length_ms = AT_ONCE_MS.min(to_ms - from_ms);
            let query = format!("{selector}[{length_ms}ms]");
            let time = format!("{}.{:03}", to_ms / 1_000, to_ms % 1_000);
            let mut one = base.clone();
            one.query_pairs_mut()
                .append_pair("query", &query)
                .append_pair("time", &time);
            let answer = client.get(one).send().await;
            let answer = answer.map_err(|error| asked(&why(error)))?;
            let status = answer.status();
            let body = answer.bytes().await;
            let body = body.map_err(|error| asked(&why(error)))?;
            let said = read(&body, &mut found);
            said.map_err(|what| asked(&format!("{status}, asked for {query}: {what}")))?;
            to_ms -= length_ms;
        }
    }
    let series = found.into_iter().map(|(labels, samples)| Series {
        labels: Labels::new(
            labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        ),
        samples: samples
            .into_iter()
            .map(|(time_ms, value)| Sample { time_ms, value })
            .collect(),
    });
    Ok(series.collect())
}

/// What went wrong, and what was behind it.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(behind) = cause.source() {
        cause = behind;
    }
    format!("{error}: {cause}")
}

/// Takes in an answer of Prometheus' API, or says what is wrong with it.
fn read(
    body: &[u8],
    found: &mut BTreeMap<Vec<(String, String)>, BTreeMap<i64, f64>>,
) -> Result<(), String> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| "it is no Prometheus".to_owned())?;
    if answer["status"] != "success" {
        let error = answer["error"].as_str().unwrap_or("it is no Prometheus");
        return Err(error.to_owned());
    }
    let strange = || "its answer is not understood".to_owned();
    let result = answer["data"]["result"].as_array().ok_or_else(strange)?;
    for series in result {
        let labels = series["metric"].as_object().ok_or_else(strange)?;
        let labels = labels
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let samples = found.entry(labels.collect()).or_default();
        for pair in series["values"].as_array().ok_or_else(strange)? {
            let time = pair[0].as_f64().ok_or_else(strange)?;
            let value = match pair[1].as_str().ok_or_else(strange)? {
                "+Inf" => f64::INFINITY,
                "-Inf" => f64::NEG_INFINITY,
                other => other.parse().map_err(|_| strange())?,
            };
            samples.insert((time * 1_000.0).round() as i64, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_api() {
        let mut found = BTreeMap::new();
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"x","a":"b"},"values":[[1.5,"1"],[2,"+Inf"],[3,"NaN"]]}]}}"#;
        read(body, &mut found).unwrap();
        let (labels, samples) = found.first_key_value().unwrap();
        assert_eq!(labels[0], ("__name__".to_owned(), "x".to_owned()));
        assert_eq!(samples[&1_500], 1.0);
        assert!(samples[&2_000].is_infinite() && samples[&3_000].is_nan());
        let error = br#"{"status":"error","error":"query is too large"}"#;
        assert_eq!(read(error, &mut found).unwrap_err(), "query is too large");
        assert_eq!(
            read(b"<html>", &mut found).unwrap_err(),
            "it is no Prometheus"
        );
    }
}
