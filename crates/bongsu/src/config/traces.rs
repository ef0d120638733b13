//! Traces: which are recorded.

use bongsu_trace::Sampler;

use super::{value::put, variables::Variable};

/// Which traces are recorded, by OpenTelemetry's variables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TraceConfig {
    /// The sampler's name.
    pub sampler: String,
    /// The share that it may need.
    pub sampler_arg: Option<f64>,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            sampler: Sampler::default().name().0.to_owned(),
            sampler_arg: None,
        }
    }
}

impl TraceConfig {
    /// The decision that they stand for.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        let argument = self.sampler_arg.map(|share| share.to_string());
        Sampler::named(&self.sampler, argument.as_deref()).unwrap_or_default()
    }
}

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "OTEL_TRACES_SAMPLER",
        "parentbased_always_on",
        "which traces are recorded, here and by the services that are called: `always_on`, `always_off`, `traceidratio`, or one of them after `parentbased_`, which heeds what the caller decided",
        |c, v| put(&mut c.traces.sampler, sampler(v)),
        |c| Some(c.traces.sampler.clone()),
    )
    .shared(),
    Variable::new(
        "OTEL_TRACES_SAMPLER_ARG",
        "",
        "share of the traces that a sampler by ratio records, from 0 to 1",
        |c, v| put(&mut c.traces.sampler_arg, share(v).map(Some)),
        |c| c.traces.sampler_arg.map(|share| share.to_string()),
    )
    .shared(),
];

fn sampler(text: &str) -> Result<String, String> {
    let sampler = Sampler::named(text, None);
    sampler.map_err(|error| error.to_string())?;
    Ok(text.to_ascii_lowercase())
}

fn share(text: &str) -> Result<f64, String> {
    Sampler::named("traceidratio", Some(text)).map_err(|error| error.to_string())?;
    text.parse()
        .map_err(|_| format!("{text:?} is not a number"))
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn others_samplers_end_no_start() {
        let check = |name: &str, argument: &str, want: (&str, Option<f64>), warned: usize| {
            let vars = [
                ("SERVICE_NAME", "desk"),
                ("OTEL_TRACES_SAMPLER", name),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ];
            let config = Config::from_vars(vars).unwrap();
            assert_eq!(config.traces.sampler().name(), want, "{name} {argument}");
            assert_eq!(config.warnings.len(), warned, "{:?}", config.warnings);
        };
        let default = ("parentbased_always_on", None);
        check("", "", default, 0);
        check("ALWAYS_OFF", "", ("always_off", None), 0);
        check("traceidratio", "0.25", ("traceidratio", Some(0.25)), 0);
        check("parentbased_traceidratio", "", default, 0);
        check("jaeger_remote", "endpoint=http://h:14250", default, 2);
        check("traceidratio", "2", ("always_on", None), 1);
    }
}
